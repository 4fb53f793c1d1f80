"""Learning-rate schedules: functions of a stage's progress, without state to checkpoint."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pydantic import ValidationError, validate_call
from pydantic_core import CoreSchema, core_schema

from priorsr.errors import OptionError, did_you_mean
from priorsr.training.durations import Duration, Progress, fraction, steps


class Schedule(ABC):
    """The factor of the learning rate at each step. For a schedule of your own, subclass it as a frozen dataclass.

    A config takes a schedule, its name, or {"name": NAME, "options": {...}}, with the names and options of the
    functions of this module.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], CoreSchema]) -> CoreSchema:
        if cls is not Schedule:
            return handler(source)
        return core_schema.no_info_before_validator_function(_by_name, core_schema.is_instance_schema(cls))

    @abstractmethod
    def __call__(self, progress: Progress) -> float: ...

    def decay_start(self, progress: Progress) -> int | None:  # noqa: ARG002  # most schedules have none
        """Return the step from which the rate falls to its final value; None if the stage cannot be extended.

        A stage can be extended if its schedule up to that step does not depend on the stage's length.
        """
        return None


@dataclass(frozen=True)
class Constant(Schedule):
    """See `constant`."""

    def decay_start(self, progress: Progress) -> int:
        return progress.steps

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
class StableDecay(Schedule):
    """See `stable_decay`."""

    warmup: Duration
    decay: Duration
    final: float

    def __post_init__(self) -> None:
        if self.warmup.unit == "fraction":
            raise OptionError("stable_decay's warmup is a fraction of the stage; steps or epochs were expected")

    def __call__(self, progress: Progress) -> float:
        warmup, start = progress.in_steps(self.warmup), self.decay_start(progress)
        if progress.step < min(warmup, start):
            return (progress.step + 1) / warmup
        passed = max(0, progress.step - start) / (progress.steps - start)
        return 1 - (1 - self.final) * passed

    def decay_start(self, progress: Progress) -> int:
        return min(progress.steps - 1, max(0, round(progress.steps - progress.in_steps(self.decay))))


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
    """Return a schedule of 1 throughout."""
    return Constant()


def cosine(warmup: Duration = steps(0), final: float = 0.0) -> Schedule:  # noqa: B008  # frozen
    """Return a schedule that rises linearly to 1 during `warmup`, then falls along a half cosine to `final` at the
    stage's end.
    """
    return Cosine(warmup, final)


def stable_decay(
    warmup: Duration = steps(0),  # noqa: B008  # frozen
    decay: Duration = fraction(0.2),  # noqa: B008
    final: float = 0.0,
) -> Schedule:
    """Return a schedule that rises linearly to 1 during `warmup`, stays there, and falls linearly to `final` over the
    last `decay`.

    A finished run with this schedule can be extended (`priorsr train --extend`) from the step where the rate began to
    fall. The warm-up is in steps or epochs, so that it does not depend on the stage's length.

    Source: warmup-stable-decay (MiniCPM, Hu et al., 2024).
    """
    return StableDecay(warmup, decay, final)


def step_decay(milestones: tuple[Duration, ...], factor: float = 0.5) -> Schedule:
    """Return a schedule that multiplies the rate by `factor` at each milestone."""
    return StepDecay(tuple(milestones), factor)


_NAMED: Mapping[str, Callable[..., Schedule]] = {
    function.__name__: function for function in (constant, cosine, stable_decay, step_decay)
}
_BY_FIELDS: Mapping[frozenset[str], Callable[..., Schedule]] = {
    frozenset(field.name for field in fields(cls)): function
    for cls, function in ((Constant, constant), (Cosine, cosine), (StableDecay, stable_decay), (StepDecay, step_decay))
}


def _by_name(value: Any) -> Any:
    """Build the schedule that a config names, or whose fields a run's config lists; return other values unchanged."""
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, Mapping):
        return value
    if listed := _BY_FIELDS.get(frozenset(value)):
        value = {"name": listed.__name__, "options": value}
    name, options = value.get("name"), value.get("options", {})
    if value.keys() - {"name", "options"} or name not in _NAMED or not isinstance(options, Mapping):
        raise ValueError(f"a schedule's name, or its name and options, was expected; {did_you_mean(str(name), _NAMED)}")
    try:
        return validate_call(_NAMED[name])(**options)
    except ValidationError as error:  # reported as a mistake in the schedule
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"the option {place!r} of the schedule {name!r}: {first['msg'].lower()}") from None
