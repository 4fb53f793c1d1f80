from __future__ import annotations

import math

import numpy as np
import pytest

from priorsr.bench.statistics.samples import (
    Sample,
    make_samples,
    mean_difference,
    paired_differences,
    several_seeds,
)
from priorsr.errors import PriorsrError


def test_images_are_paired_by_id_not_by_order() -> None:
    ours, theirs = make_samples([[{"a": 20.5, "b": 30.5}, {"b": 31.5, "a": 21.5}], [{"b": 30.0, "a": 20.0}]])
    assert ours.values.tolist() == [[20.5, 30.5], [21.5, 31.5]]
    assert theirs.values.tolist() == [[20.0, 30.0]]
    assert paired_differences(ours, theirs).tolist() == [1.0, 1.0]


def test_images_that_only_some_runs_have_are_refused() -> None:
    for rows in (
        [[{"a": 1.0}], [{"a": 1.0, "b": 2.0}]],
        [[{"a": 1.0, "b": 2.0}, {"a": 1.0}], [{"a": 1.0, "b": 2.0}]],
    ):
        with pytest.raises(PriorsrError, match="the image 'b' is scored in some runs only"):
            make_samples(rows)


@pytest.mark.parametrize(
    ("ours", "theirs", "several"),
    [
        ((1, True), (1, True), False),
        ((3, True), (1, True), False),
        ((3, True), (2, True), True),
        ((3, True), (1, False), True),
        ((1, False), (1, False), False),
    ],
)
def test_methods_need_several_seeds_of_both_unless_one_is_not_trained(ours, theirs, several) -> None:
    samples = [Sample(np.zeros((seeds, 4)), trained) for seeds, trained in (ours, theirs)]
    assert several_seeds(*samples) is several


def test_scores_that_are_both_infinite_differ_by_nothing() -> None:
    ours, theirs = (Sample(np.array([values])) for values in ([math.inf, math.inf, 2.0], [math.inf, 1.0, 2.5]))
    assert paired_differences(ours, theirs).tolist() == [0.0, math.inf, -0.5]
    assert mean_difference(np.array([math.inf, 1.0])) == math.inf
    assert mean_difference(np.array([math.inf, -math.inf])) == 0.0
