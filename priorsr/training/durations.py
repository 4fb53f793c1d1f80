"""Durations in training, and the part of them that has passed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from priorsr.errors import OptionError


@dataclass(frozen=True)
class Duration:
    """A length of training, made by `steps`, `epochs` or `fraction` (of the stage)."""

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
    """Return the duration of a part of the stage, whose whole is 1."""
    return Duration(x, "fraction")


@dataclass(frozen=True)
class Progress:
    """The progress of a stage: `step` of its `steps` is about to run, from 0. Schedules depend on nothing else."""

    step: int
    steps: int
    steps_per_epoch: int

    @property
    def epoch(self) -> int:
        """Return the epoch, from 0."""
        return self.step // self.steps_per_epoch

    @property
    def fraction(self) -> float:
        """Return the part of the stage that has passed, 0 at the start."""
        return self.step / self.steps

    def in_steps(self, duration: Duration) -> float:
        """Return how many steps of this stage a duration is."""
        unit = {"steps": 1, "epochs": self.steps_per_epoch, "fraction": self.steps}[duration.unit]
        return duration.value * unit

    def passed(self, duration: Duration) -> float:
        """Return the part of a duration from the stage's start that has passed: 0 at first, 1 when reached, then
        more.
        """
        length = self.in_steps(duration)
        return self.step / length if length else math.inf
