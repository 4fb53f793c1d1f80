from __future__ import annotations

import math

import numpy as np
import pytest

from priorsr.bench.statistics.bootstrap import mean_interval, paired_difference
from priorsr.errors import PriorsrError


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


def test_differences_are_paired_by_id_not_by_order() -> None:
    ours = {"a": 20.5, "b": 30.5, "c": 25.5}
    theirs = {"c": 25.0, "b": 30.0, "a": 20.0}
    difference = paired_difference(ours, theirs)
    assert difference.mean == pytest.approx(0.5)
    assert difference.interval95 == pytest.approx((0.5, 0.5))
    assert difference.distinguishable


def test_pairing_sees_what_unpaired_intervals_hide() -> None:
    rng = np.random.default_rng(0)
    theirs = rng.normal(25, 3, 50)
    ours = theirs + rng.normal(0.1, 0.1, 50)
    low, high = mean_interval(ours)
    assert low < theirs.mean() < high
    assert paired_difference(dict(enumerate(ours)), dict(enumerate(theirs))).distinguishable


def test_a_difference_around_zero_is_not_distinguishable() -> None:
    difference = paired_difference({"a": 1.0, "b": 2.0, "c": 3.0}, {"a": 2.0, "b": 2.0, "c": 2.0})
    assert not difference.distinguishable


def test_images_that_only_one_has_are_refused() -> None:
    with pytest.raises(PriorsrError, match="'b' has one of the two scores only"):
        paired_difference({"a": 1.0, "b": 1.0}, {"a": 1.0})


def test_two_infinities_do_not_differ() -> None:
    assert paired_difference({"a": math.inf, "b": 2.0}, {"a": math.inf, "b": 1.0}).mean == 0.5
