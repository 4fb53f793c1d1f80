"""Run tasks over any executor: check the workers, try lost tasks again, show progress, stop where work is kept."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from priorsr.bench.executors.lease import leased
from priorsr.bench.executors.on_worker import Machine, Outcome, Task, Ticket, carry_out
from priorsr.bench.executors.task_progress import TaskProgress
from priorsr.errors import PriorsrError, raised
from priorsr.execution.stopping import StoppedError
from priorsr.training.interrupt import Interruption

MOST_TRIES = 3
POLL_SECONDS, PAUSE_SECONDS = 0.3, 1.0  # between looks at the futures; before another try
LONGEST = 400  # characters of an error of an executor


def run_tasks(
    tasks: Sequence[Task],
    executor: Executor,
    *,
    out: Path,
    what: str,
    unit: str,
    console: Console | None,
) -> list[Any]:
    """Carry out tasks on the workers of an executor, and return their results in the order of the tasks.

    out: a folder that all workers share with the caller. Before the first task, a worker, or every one that the
        executor's `on_each_worker` reaches, is checked to find this folder and the files of all tasks as they are here;
        every task checks its own again. what, unit: the name of all tasks, and of their steps, for progress on
        `console`.

    A task whose worker dies is tried again, three times in all. Raises the first error of a task, PriorsrError for one
    that was lost too often, and StoppedError after Ctrl-C or SIGTERM; either way, once running tasks have stopped.
    """
    if not tasks:
        return []
    console = console or Console(quiet=True)
    with leased(out) as lease:
        ticket = Ticket.write(lease, {file for task in tasks for file in task.files})
        machines = _Machines(console)
        everywhere = getattr(executor, "on_each_worker", None)
        if everywhere is None:
            _Tasks(
                [_Check(tuple(ticket.files))], executor, ticket, machines, "check of the workers", "checks", console
            ).run()
        else:
            _check_each(everywhere, ticket, machines)
        return _Tasks(tasks, executor, ticket, machines, what, unit, console).run()


def _check_each(everywhere: Any, ticket: Ticket, machines: _Machines) -> None:
    try:
        found = everywhere(ticket.check, "check")
    except PriorsrError:
        raise
    except Exception as error:  # for example, priorsr is not installed there
        raise PriorsrError(f"a worker could not be checked: {_short(error)}") from error
    if not found:
        machines.report("the cluster has no worker yet; waiting for one")
    for machine in found:
        machines.see(machine)


@dataclass(frozen=True)
class _Check:
    """A task without work, by which a worker is checked."""

    files: Collection[Path]
    label: str = "the check of the workers"
    total: int = 1

    def done(self) -> int:
        return 0

    def work(self, report: object) -> None:
        pass


class _Machines:
    """The kinds of machines that were seen; each new one is reported once."""

    def __init__(self, console: Console) -> None:
        self._console, self._here = console, Machine.here()
        self._seen = {self._here.kind}

    def see(self, machine: Machine) -> None:
        if machine.kind not in self._seen:
            self._seen.add(machine.kind)
            self.report(
                f"note: the worker {machine.host} computes with {machine.kind}, and this process with "
                f"{self._here.kind}: the last digits may differ"
            )

    def report(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class _WorkerError(Exception):
    """The traceback of an error on a worker, as the cause of that error here."""

    def __str__(self) -> str:
        return f"on the worker:\n{self.args[0]}"


class _Tasks:
    """The tasks of a call, on their way."""

    def __init__(
        self,
        tasks: Sequence[Task],
        executor: Executor,
        ticket: Ticket,
        machines: _Machines,
        what: str,
        unit: str,
        console: Console,
    ) -> None:
        self._tasks, self._executor, self._ticket, self._machines = tasks, executor, ticket, machines
        self._what = what
        self._progress = TaskProgress(tasks, what, unit, console)
        self._tries = [0] * len(tasks)
        self._futures: dict[Future[Outcome], int] = {}
        self._results: dict[int, Any] = {}

    def run(self) -> list[Any]:
        with Interruption() as interruption, self._progress.shown():
            try:
                for number in range(len(self._tasks)):
                    if not interruption.requested:  # submitting takes long where it is a command
                        self._submit(number)
                while self._futures:
                    for future in wait(self._futures, POLL_SECONDS, FIRST_COMPLETED).done:
                        self._collect(future, self._futures.pop(future))
                    if self._progress.is_due():
                        self._progress.update(self._results, self._begun())
                    if interruption.requested:
                        raise StoppedError(
                            f"stopped after {len(self._results)} of {len(self._tasks)} tasks ({self._what}), and "
                            "saved; the same command or call continues"
                        )
            finally:
                self._stop()
        return [self._results[number] for number in range(len(self._tasks))]

    def _submit(self, number: int) -> None:
        try:
            task = self._tasks[number]
            future = self._executor.submit(carry_out, task, self._ticket.of(task.files), self._mark(number))
        except Exception as error:  # as lost as with a worker that dies
            future = Future()
            future.set_exception(error)
        self._futures[future] = number

    def _mark(self, number: int) -> str:
        """Return the mark that a task leaves when it begins: another one at each try."""
        return f"{'check' if isinstance(self._tasks[number], _Check) else 'task'}-{number}-{self._tries[number]}"

    def _collect(self, future: Future[Outcome], number: int) -> None:
        """Take over the outcome of a task; submit it again if it was lost."""
        label = self._tasks[number].label
        error = CancelledError("cancelled") if future.cancelled() else future.exception()
        if error is not None:
            self._try_again(number, _short(error), error)
            return
        outcome = future.result()
        self._machines.see(outcome.machine)
        for note in outcome.notes:
            self._machines.report(f"{label}: {note}")
        if outcome.stopped:
            self._try_again(number, f"it was stopped on {outcome.machine.host}", None)
        elif outcome.error is not None:
            raise _named(outcome.error, label) from _WorkerError(outcome.trace)
        else:
            self._results[number] = outcome.result
            if len(self._tasks) > 1:
                self._machines.report(f"{len(self._results)} of {len(self._tasks)} finished: {label}")

    def _try_again(self, number: int, reason: str, error: BaseException | None) -> None:
        self._tries[number] += 1
        label = self._tasks[number].label
        if self._tries[number] == MOST_TRIES:
            raise PriorsrError(f"{label}: was lost {MOST_TRIES} times, at last since: {reason}") from error
        self._machines.report(f"{label}: was lost ({reason}); trying again")
        time.sleep(PAUSE_SECONDS)
        self._submit(number)

    def _begun(self) -> list[int]:
        """Return the numbers of the tasks that some worker is at."""
        return [number for number in self._futures.values() if self._ticket.lease.is_marked(self._mark(number))]

    def _stop(self) -> None:
        """Stop what is still under way: cancel tasks that have not begun, and wait until the others have saved."""
        if self._futures:
            self._ticket.lease.end()
            begun = self._begun()
            if begun:
                self._machines.report(f"{len(begun)} running tasks save their work and stop")
            for future, number in self._futures.items():
                if number not in begun:
                    future.cancel()
            wait(self._futures)


def _named(error: BaseException, label: str) -> BaseException:
    """Return an error of a task with the task's label, if it is a user's mistake."""
    return type(error)(f"{label}: {error}") if isinstance(error, PriorsrError) else error


def _short(error: BaseException) -> str:
    text = raised(error)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
