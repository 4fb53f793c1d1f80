from __future__ import annotations

import math

import numpy as np
import pytest

from priorsr.bench.statistics.bootstrap import mean_interval
from priorsr.bench.statistics.samples import Sample
from priorsr.bench.statistics.seeds import difference_over_seeds, sample_intervals
from priorsr.bench.statistics.significance import compare_samples
from priorsr.bench.statistics.verdicts import comparisons

RNG = np.random.default_rng(0)
FACES = RNG.normal(25, 3, 50)


def method(seeds: int, gain: float = 0.0) -> np.ndarray:
    return FACES + gain + RNG.normal(0, 0.1, (seeds, 1)) + RNG.normal(0, 0.2, (seeds, 50))


def runs(values: np.ndarray) -> list[dict[int, float]]:
    return [dict(enumerate(run.tolist())) for run in values]


def said(ours: Sample, theirs: Sample, p: float | None = None, *, higher: bool = True):
    (pair,) = compare_samples([(ours, theirs)])
    return comparisons([(ours, theirs)], [pair], [pair.p if p is None else p], higher_is_better=higher)[0]


def test_many_intervals_at_once_are_those_of_one_at_a_time() -> None:
    a, b = method(3, 0.5), method(4)
    one = difference_over_seeds(runs(a), runs(b)).interval95
    (found,) = sample_intervals([(Sample(a), Sample(b))])
    assert found == pytest.approx(one)
    together = sample_intervals([(Sample(a), Sample(b)), (Sample(b), Sample(a))])
    assert together[1] == pytest.approx((-one[1], -one[0]), abs=0.02)


def test_checkpoints_have_intervals_over_faces_alone() -> None:
    a, b = method(1, 0.5), method(3)
    (found,) = sample_intervals([(Sample(a), Sample(b))])
    assert found == pytest.approx(mean_interval((a - b.mean(0))[0]), abs=0.01)


def test_a_row_without_training_adds_no_spread_of_seeds() -> None:
    ours, flat = method(3, 0.5), np.full((1, 50), 20.0)
    (found,) = sample_intervals([(Sample(ours), Sample(flat, trained=False))])
    (alone,) = sample_intervals([(Sample(ours), Sample(flat))])
    assert found[1] - found[0] > alone[1] - alone[0]


def test_no_interval_for_one_face_and_for_infinite_values() -> None:
    infinite = Sample(np.full((1, 50), math.inf))
    pairs = [(infinite, Sample(method(1))), (Sample(method(1)), Sample(method(1)))]
    none, some = sample_intervals(pairs)
    assert none is None
    assert some is not None
    assert sample_intervals([(Sample(method(2)[:, :1]), Sample(method(2)[:, :1]))]) == [None]
    assert sample_intervals([]) == []


def test_the_verdict_is_by_the_p_value_that_is_given() -> None:
    ours, theirs = Sample(method(1, 1.0)), Sample(method(1))
    assert said(ours, theirs).verdict == "better"
    assert said(theirs, ours).verdict == "worse"
    assert said(ours, theirs, higher=False).verdict == "worse"
    corrected = said(ours, theirs, p=0.06)
    assert (corrected.verdict, corrected.p) == ("not distinguishable", 0.06)
    assert corrected.interval95[0] > 0


def test_words_for_checkpoints_and_for_methods() -> None:
    assert said(Sample(method(1)), Sample(method(3))).scope_words == "these two checkpoints"
    assert said(Sample(method(2)), Sample(method(3))).scope_words == "these two methods"
    infinite = said(Sample(np.full((1, 50), math.inf)), Sample(method(1)))
    assert (infinite.p_mean, infinite.smallest, infinite.verdict) == (None, None, "better")
