"""Run the trainings of an ablation: one after the other here, or several at once in other processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from priorsr.errors import PriorsrError
from priorsr.files import atomic_json, refusals_told
from priorsr.training import TrainingInterruptedError, train
from priorsr.training.interrupt import Interruption
from priorsr.training.metrics_file import StepLine
from priorsr.training.run_folder import RunFolder

FINISHED = "finished.json"
POLL_SECONDS = 0.3
LINE_SECONDS = 10  # between lines where there is no bar


@dataclass(frozen=True)
class Training:
    """A training run of an ablation, as JSON values; `label` names it."""

    label: str
    recipe: str
    data: str
    out: str
    preset: str | None
    overrides: dict[str, Any]
    steps: int
    seed: int

    @property
    def folder(self) -> Path:
        """Return the run's folder."""
        return Path(self.out)

    @property
    def finished(self) -> bool:
        """Return whether the run has finished."""
        return (self.folder / FINISHED).is_file()

    def run(self, console: Console | None) -> None:
        """Train, and resume from the last checkpoint if there is one."""
        result = train(
            self.recipe,
            self.data,
            self.out,
            preset=self.preset,
            overrides=self.overrides,
            steps=self.steps,
            seed=self.seed,
            resume=RunFolder(self.folder).holds_a_run(),
            console=console,
        )
        atomic_json(self.folder / FINISHED, {"scores": dict(result.scores)})


@dataclass(frozen=True)
class Times:
    """Seconds of a run's training steps without validation and saving: in total, and for one step of each stage."""

    whole: float
    a_step: dict[str, float]


def times(folder: Path) -> Times:
    """Return the times in a run's metrics."""
    steps: dict[str, int] = {}
    seconds: dict[str, float] = {}
    for line in _step_lines(folder):
        done = line.step - steps.get(line.stage, 0)
        seconds[line.stage] = seconds.get(line.stage, 0.0) + done * line.seconds
        steps[line.stage] = line.step
    return Times(sum(seconds.values()), {stage: seconds[stage] / steps[stage] for stage in steps})


def train_all(trainings: Sequence[Training], at_once: int, console: Console | None) -> None:
    """Train the unfinished runs, `at_once` at a time, each with its share of the cores.

    Raises TrainingInterruptedError after Ctrl-C or SIGTERM, once the runs under way are saved, and PriorsrError for the
    first that fails.
    """
    todo = [training for training in trainings if not training.finished]
    done = len(trainings) - len(todo)
    _say(console, f"{len(trainings)} runs" + (f", {done} of them done" if done else ""))
    try:
        if at_once == 1:
            for place, training in enumerate(todo, done + 1):
                _say(console, f"run {place} of {len(trainings)}: {training.label}")
                training.run(console)
        else:
            _Processes(todo, trainings, at_once, console).run()
    except TrainingInterruptedError as interruption:
        done = sum(training.finished for training in trainings)
        raise TrainingInterruptedError(
            f"stopped after {done} of {len(trainings)} runs, and saved; the same command or call continues"
        ) from interruption


class _Processes:
    """Runs in other processes, each in its own session, so that Ctrl-C reaches them only through this process."""

    def __init__(
        self, todo: Sequence[Training], trainings: Sequence[Training], at_once: int, console: Console | None
    ) -> None:
        self._waiting = deque(todo)
        self._all = trainings
        self._at_once = at_once
        self._console = console
        self._running: dict[subprocess.Popen[str], Training] = {}

    def run(self) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        no_bar = self._console is None or not self._console.is_terminal
        total = sum(training.steps for training in self._all)
        with Interruption() as interruption, Progress(*columns, console=self._console, disable=no_bar) as progress:
            bar = progress.add_task("training steps", total=total)
            said = time.monotonic()
            try:
                while self._waiting or self._running:
                    while self._waiting and len(self._running) < self._at_once:
                        self._start(self._waiting.popleft())
                    self._collect()
                    if not no_bar:
                        progress.update(bar, completed=sum(map(_steps_done, self._all)))
                    elif time.monotonic() - said > LINE_SECONDS:
                        said = time.monotonic()
                        _say(self._console, f"{sum(map(_steps_done, self._all)):,} of {total:,} training steps")
                    if interruption.requested:
                        raise TrainingInterruptedError
                    time.sleep(POLL_SECONDS)
            finally:
                for process in self._running:
                    _close(process)
                for process in self._running:
                    process.wait()

    def _start(self, training: Training) -> None:
        log = _log(training)
        with refusals_told(log):
            log.parent.mkdir(parents=True, exist_ok=True)
        threads = max(1, torch.get_num_threads() // self._at_once)
        with open(log, "w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "priorsr.bench.studies.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": str(threads)},
                start_new_session=True,
            )
        self._running[process] = training
        if process.stdin:  # it stays open: the worker saves and stops when it is closed, as it is when we die
            process.stdin.write(json.dumps(asdict(training)) + "\n")
            process.stdin.flush()

    def _collect(self) -> None:
        for process in [process for process in self._running if process.poll() is not None]:
            _close(process)
            training = self._running.pop(process)
            if process.returncode:
                said = _log(training).read_text(encoding="utf-8", errors="replace").strip().splitlines()
                raise PriorsrError(
                    f"{training.out}: training stopped with exit code {process.returncode}: "
                    f"{said[-1].removeprefix('error: ') if said else 'it printed nothing'}"
                )
            done = len(self._all) - len(self._waiting) - len(self._running)
            _say(self._console, f"run {done} of {len(self._all)} is finished: {training.label}")


def _close(process: subprocess.Popen[str]) -> None:
    """Close a worker's stdin, which stops it. A signal as well would be its second one, and kill it while it saves."""
    if process.stdin:
        process.stdin.close()


def _log(training: Training) -> Path:
    return training.folder.with_suffix(".log")


def _steps_done(training: Training) -> int:
    if training.finished:
        return training.steps
    return sum({line.stage: line.step for line in _step_lines(training.folder)}.values())


def _step_lines(folder: Path) -> list[StepLine]:
    run = RunFolder(folder)
    return [line for line in run.lines() if isinstance(line, StepLine)] if run.metrics.is_file() else []


def _say(console: Console | None, text: str) -> None:
    if console:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
