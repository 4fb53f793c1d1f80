"""Report the progress of a run: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from priorsr.training.validation_scores import number, score_text

LINE_SECONDS = 10


class ProgressReport:
    """Reports a run's progress on `console`; silent if it is None."""

    def __init__(self, console: Console | None) -> None:
        self._console = console
        self._bar: Progress | None = None
        self._score = ""
        self._said = 0.0
        self._stage, self._steps = "", 0

    def say(self, text: str) -> None:
        """Print a line."""
        if self._console:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def begin(self, stage: str, steps: int, done: int) -> None:
        """Report the start of a stage, or its continuation after `done` steps."""
        self._stage, self._steps, self._score = stage, steps, ""
        self._said = time.monotonic()
        if self._console and self._console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}", style="bold", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[state]}", markup=False),
                TimeRemainingColumn(),
                console=self._console,
            )
            self._bar.start()
            self._bar.add_task(stage, total=steps, completed=done, state="")
        else:
            self.say(f"{stage}: {steps} steps" + (f", {done} of them done" if done else ""))

    def step(self, line: Mapping[str, Any]) -> None:
        """Report a metrics line of training steps."""
        losses = ", ".join(f"{name} {value:.4g}" for name, value in line["losses"].items())
        state = f"loss {losses}{self._score}"
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=line["step"], state=state)
        elif time.monotonic() - self._said > LINE_SECONDS:
            self._said = time.monotonic()
            left = (self._steps - line["step"]) * line["seconds"]
            self.say(
                f"{self._stage}: {line['step']}/{self._steps}  {state}  {line['seconds'] * 1000:.0f} ms a step  "
                f"{int(left // 60)}:{int(left % 60):02} left"
            )

    def validated(self, line: Mapping[str, Any]) -> None:
        """Report a metrics line of a validation."""
        self._score = f"  val {score_text(line['score'], line['value'])}"
        beside = "".join(f" ({name} {number(line['score'], value)})" for name, value in line["references"].items())
        self.say(f"{line['stage']}: step {line['step']}{self._score} on {line['faces']} faces{beside}")

    def end(self) -> None:
        """Remove the progress bar at the end of a stage or of an interrupted run."""
        if self._bar:
            self._bar.stop()
            self._bar = None
