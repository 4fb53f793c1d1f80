from __future__ import annotations

import math

import pytest

from priorsr.errors import OptionError
from priorsr.training import Progress, epochs, fraction, steps


def test_passed_counts_from_the_start_and_goes_on_beyond_the_end() -> None:
    progress = Progress(step=30, steps=100, steps_per_epoch=20)
    assert progress.passed(steps(15)) == 2
    assert progress.passed(epochs(3)) == 0.5
    assert progress.passed(fraction(0.4)) == pytest.approx(0.75)
    assert progress.epoch == 1
    assert progress.fraction == 0.3


def test_nothing_has_passed_at_the_start_and_a_length_of_nothing_always_has() -> None:
    start = Progress(0, 100, 20)
    assert [start.passed(d) for d in (steps(1), epochs(1), fraction(1))] == [0, 0, 0]
    assert start.passed(steps(0)) == math.inf


@pytest.mark.parametrize("value", [-1, math.nan, math.inf])
def test_impossible_durations_are_refused(value: float) -> None:
    with pytest.raises(OptionError, match="a finite number from 0"):
        epochs(value)
