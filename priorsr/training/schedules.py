"""Learning-rate schedules: functions of a stage's progress, so that there is nothing to checkpoint."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from priorsr.errors import OptionError
from priorsr.training.progress import Duration, Progress, steps


class Schedule(ABC):
    """What the learning rate is multiplied by at a step; subclass it as a frozen dataclass for one of your own."""

    @abstractmethod
    def __call__(self, progress: Progress) -> float: ...


@dataclass(frozen=True)
class Constant(Schedule):
    """See `constant`."""

    def __call__(self, progress: Progress) -> float:  # noqa: ARG002  # a schedule's call
        return 1.0


@dataclass(frozen=True)
class Cosine(Schedule):
    """See `cosine`."""

    warmup: Duration
    final: float

    def __call__(self, progress: Progress) -> float:
        warmup = progress.in_steps(self.warmup)
        if progress.step < warmup:
            return min(1.0, (progress.step + 1) / warmup)
        passed = (progress.step - warmup) / (progress.steps - warmup)
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * passed)) / 2


@dataclass(frozen=True)
class StepDecay(Schedule):
    """See `step_decay`."""

    milestones: tuple[Duration, ...]
    factor: float

    def __post_init__(self) -> None:
        if not self.factor > 0:
            raise OptionError(f"step_decay has the factor {self.factor}; a number above 0 was expected")

    def __call__(self, progress: Progress) -> float:
        return self.factor ** sum(progress.passed(milestone) >= 1 for milestone in self.milestones)


def constant() -> Schedule:
    """1 throughout."""
    return Constant()


def cosine(warmup: Duration = steps(0), final: float = 0.0) -> Schedule:  # noqa: B008  # frozen
    """Rises linearly to 1 during `warmup`, then falls along a half cosine to `final` at the stage's end."""
    return Cosine(warmup, final)


def step_decay(milestones: tuple[Duration, ...], factor: float = 0.5) -> Schedule:
    """Multiplied by `factor` at each milestone."""
    return StepDecay(tuple(milestones), factor)
