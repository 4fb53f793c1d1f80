"""Run the trainings of an ablation: one after the other here, or by the workers of an executor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from priorsr.bench.executors.tasks import run_tasks
from priorsr.data.manifest import NAME as MANIFEST
from priorsr.execution.stopping import StoppedError
from priorsr.files import atomic_json
from priorsr.training import TrainingInterruptedError, train
from priorsr.training.metrics_file import StepLine
from priorsr.training.run_folder import RunFolder

FINISHED = "finished.json"


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

    @property
    def total(self) -> int:
        """Return the number of steps."""
        return self.steps

    def done(self) -> int:
        """Return the number of steps that are done."""
        if self.finished:
            return self.steps
        return sum({line.stage: line.step for line in _step_lines(self.folder)}.values())

    @property
    def files(self) -> set[Path]:
        """Return the files that it reads: the face set's manifest, and those that its overrides name."""
        return {Path(self.data) / MANIFEST, *_named_files(self.overrides)}

    def work(self, report: Callable[[str], None]) -> None:
        """Train on a worker, and report the notes of the run, such as on another number of threads."""
        printed = StringIO()
        try:
            self.run(Console(file=printed, force_terminal=False))
        finally:
            for line in printed.getvalue().splitlines():
                if line.startswith("note: "):
                    report(line)

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


def train_all(trainings: Sequence[Training], workers: Executor | None, out: Path, console: Console | None) -> None:
    """Train the unfinished runs: one after the other in this process, or by the workers of an executor.

    out: the folder of the study, which the workers share.

    Raises TrainingInterruptedError after Ctrl-C or SIGTERM, once the runs under way are saved, and PriorsrError for the
    first that fails.
    """
    todo = [training for training in trainings if not training.finished]
    done = len(trainings) - len(todo)
    _say(console, f"{len(trainings)} runs" + (f", {done} of them done" if done else ""))
    try:
        if workers is None:
            for place, training in enumerate(todo, done + 1):
                _say(console, f"run {place} of {len(trainings)}: {training.label}")
                training.run(console)
        else:
            run_tasks(todo, workers, out=out, what="training", unit="steps", console=console)
    except StoppedError as interruption:
        done = sum(training.finished for training in trainings)
        raise TrainingInterruptedError(
            f"stopped after {done} of {len(trainings)} runs, and saved; the same command or call continues"
        ) from interruption


def _step_lines(folder: Path) -> list[StepLine]:
    run = RunFolder(folder)
    return [line for line in run.lines() if isinstance(line, StepLine)] if run.metrics.is_file() else []


def _say(console: Console | None, text: str) -> None:
    if console:
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def _named_files(value: Any) -> Iterator[Path]:
    """Yield the files that the texts of a config name."""
    if isinstance(value, str | Path) and Path(value).is_file():
        yield Path(value)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _named_files(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _named_files(part)
