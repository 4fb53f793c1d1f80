from __future__ import annotations

import math

import pytest

from priorsr.errors import OptionError
from priorsr.training import Progress, Schedule, constant, cosine, epochs, fraction, step_decay, steps


def values(schedule: Schedule, *at: int) -> list[float]:
    return [schedule(Progress(step, 100, 10)) for step in at]


def test_constant() -> None:
    assert values(constant(), 0, 99) == [1, 1]


def test_cosine_falls_from_one_to_its_final_value() -> None:
    quarter = 0.1 + 0.9 * (1 + math.cos(math.pi / 4)) / 2
    assert values(cosine(final=0.1), 0, 25, 50, 100) == pytest.approx([1, quarter, 0.55, 0.1])


def test_cosine_warms_up_from_above_zero() -> None:
    schedule = cosine(warmup=fraction(0.2))
    assert values(schedule, 0, 9, 19, 20, 60, 100) == pytest.approx([0.05, 0.5, 1, 1, 0.5, 0])


def test_a_warmup_as_long_as_the_stage_never_falls() -> None:
    assert values(cosine(warmup=epochs(10)), 0, 99) == pytest.approx([0.01, 1])


def test_step_decay_multiplies_at_each_milestone() -> None:
    schedule = step_decay((steps(10), epochs(5), fraction(0.9)), factor=0.5)
    assert values(schedule, 9, 10, 49, 50, 90) == [1, 0.5, 0.5, 0.25, 0.125]


def test_a_factor_of_nothing_is_refused() -> None:
    with pytest.raises(OptionError, match="factor 0"):
        step_decay((steps(1),), factor=0)
