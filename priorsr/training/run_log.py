"""The log of a run: metrics, curves and strips in its folder, the console, and trackers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from accelerate import Accelerator
from PIL import Image

from priorsr.training.metric_panels import panels
from priorsr.training.progress_report import ProgressReport
from priorsr.training.run_folder import RunFolder
from priorsr.viz.curves import draw_curves
from priorsr.viz.strips import save_picture

CURVE_SECONDS = 60


class RunLog:
    """Writes the log of a run, in the main process only."""

    def __init__(self, folder: RunFolder, accelerator: Accelerator, report: ProgressReport) -> None:
        self.report = report
        self._folder = folder
        self._accelerator = accelerator
        self._steps_before = 0
        self._drawn = time.monotonic()

    def begin(self, stage: str, steps: int, done: int, steps_before: int) -> None:
        """Log the start of a stage after `steps_before` steps of earlier stages, which trackers count through."""
        self._steps_before = steps_before
        self.report.begin(stage, steps, done)

    def write(self, line: Mapping[str, Any]) -> None:
        """Log a metrics line of kind `step` or `validation`."""
        if not self._accelerator.is_main_process:
            return
        self._folder.append(line)
        report = self.report.step if line["kind"] == "step" else self.report.validated
        report(line)
        self._accelerator.log(flatten(line), step=self._steps_before + line["step"])

    def show(self, stage: str, step: int, strip: Image.Image) -> None:
        """Log a strip of samples."""
        save_picture(strip, self._folder.samples / f"{stage}-{step:07}.png")

    def draw(self, *, now: bool) -> None:
        """Draw the curves so far; without `now`, once a minute at most, since drawing takes a second."""
        if self._accelerator.is_main_process and (now or time.monotonic() - self._drawn > CURVE_SECONDS):
            rows = panels(self._folder.lines())
            if rows:
                draw_curves(rows, self._folder.curves)
            self._drawn = time.monotonic()


def flatten(line: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a metrics line by flat names such as student/losses/l1, for trackers."""
    found: dict[str, float] = {}
    for key, value in line.items():
        for name, number in value.items() if isinstance(value, Mapping) else [("", value)]:
            if isinstance(number, int | float) and key != "step":
                found[f"{line['stage']}/{key}/{name}".rstrip("/")] = number
    return found
