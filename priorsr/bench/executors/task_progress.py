"""Show the progress of tasks: a bar for all and one for each that runs, or a line now and then."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from priorsr.bench.executors.on_worker import Task

LOOK_SECONDS, LINE_SECONDS = 2.0, 20.0  # between looks at the running tasks: with bars, and with lines


class TaskProgress:
    """The progress of tasks that do `what`, counted in `unit`, such as steps."""

    def __init__(self, tasks: Sequence[Task], what: str, unit: str, console: Console) -> None:
        self._tasks, self._what, self._unit, self._console = tasks, what, unit, console
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._bars = console.is_terminal and not console.quiet
        self._progress = Progress(*columns, console=console, transient=True, disable=not self._bars)
        self._of: dict[int, TaskID] = {}
        self._looked = time.monotonic()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the bars during the block."""
        with self._progress:
            self._all = self._progress.add_task(self._what, total=sum(task.total for task in self._tasks))
            yield

    def is_due(self) -> bool:
        """Return whether to look how far the running tasks are, which reads their files."""
        now = time.monotonic()
        return now - self._looked > (LOOK_SECONDS if self._bars else LINE_SECONDS)

    def update(self, finished: Collection[int], running: Collection[int]) -> None:
        """Show the tasks of these numbers as finished and as running."""
        self._looked = time.monotonic()
        done = {number: self._tasks[number].done() for number in sorted(running)}
        steps = sum(done.values()) + sum(self._tasks[number].total for number in finished)
        if not self._bars:
            total = sum(task.total for task in self._tasks)
            self._console.print(
                f"{self._what}: {len(finished)} of {len(self._tasks)} finished, {len(running)} running, "
                f"{steps:,} of {total:,} {self._unit}",
                soft_wrap=True,
                markup=False,
                highlight=False,
            )
            return
        self._progress.update(self._all, completed=steps)
        for number in self._of.keys() - done.keys():
            self._progress.remove_task(self._of.pop(number))
        for number, part in done.items():
            if number not in self._of:
                task = self._tasks[number]
                self._of[number] = self._progress.add_task(task.label, total=task.total)
            self._progress.update(self._of[number], completed=part)
