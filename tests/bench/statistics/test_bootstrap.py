from __future__ import annotations

import math

import numpy as np
import pytest

from priorsr.bench.statistics.bootstrap import mean_interval


def test_the_interval_is_that_of_the_mean() -> None:
    values = np.random.default_rng(1).normal(25, 3, 400)
    low, high = mean_interval(values)
    error = values.std() / math.sqrt(len(values))
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error)


def test_the_interval_is_repeatable_and_its_seed_matters() -> None:
    values = np.random.default_rng(1).normal(25, 3, 50)
    assert mean_interval(values, 3) == mean_interval(values, 3)
    assert mean_interval(values, 3) != mean_interval(values, 4)


def test_about_95_of_100_intervals_hold_the_truth() -> None:
    draws = np.random.default_rng(0).normal(0, 1, (200, 60))
    intervals = [mean_interval(values) for values in draws]
    assert 180 <= sum(low <= 0 <= high for low, high in intervals) <= 198


@pytest.mark.parametrize("values", [[5.0], [math.inf, 3.0]])
def test_no_interval_where_there_is_none(values) -> None:
    assert mean_interval(np.array(values)) is None


def test_equal_values_have_an_interval_without_width() -> None:
    assert mean_interval(np.full(9, 7.0)) == (7.0, 7.0)
