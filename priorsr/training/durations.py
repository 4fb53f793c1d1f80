"""Durations of training, and the progress of a stage."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from priorsr.errors import OptionError


@dataclass(frozen=True)
class Duration:
    """A length of training; `steps`, `epochs` and `fraction` (of the stage) create one."""

    value: float
    unit: Literal["steps", "epochs", "fraction"]

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value >= 0):
            raise OptionError(f"a duration is {self.value} {self.unit}; a finite number from 0 was expected")


def steps(n: int) -> Duration:
    """Return the duration of n steps."""
    return Duration(n, "steps")


def epochs(n: float) -> Duration:
    """Return the duration of n passes over the training faces."""
    return Duration(n, "epochs")


def fraction(x: float) -> Duration:
    """Return the duration of a fraction of the stage, from 0 to 1."""
    return Duration(x, "fraction")


@dataclass(frozen=True)
class Progress:
    """The progress of a stage before its step number `step`, counted from 0. Schedules depend on nothing else."""

    step: int
    steps: int
    steps_per_epoch: int

    @property
    def epoch(self) -> int:
        """Return the epoch, from 0."""
        return self.step // self.steps_per_epoch

    @property
    def fraction(self) -> float:
        """Return the part of the stage that is done, 0 at the start."""
        return self.step / self.steps

    def in_steps(self, duration: Duration) -> float:
        """Return a duration in steps of this stage."""
        unit = {"steps": 1, "epochs": self.steps_per_epoch, "fraction": self.steps}[duration.unit]
        return duration.value * unit

    def passed(self, duration: Duration) -> float:
        """Return the steps done, relative to a duration from the stage's start: 1 at its end, then more."""
        length = self.in_steps(duration)
        return self.step / length if length else math.inf
