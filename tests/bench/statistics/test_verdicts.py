from __future__ import annotations

import math

import numpy as np
import pytest

from priorsr.bench.statistics.means import estimate_difference
from priorsr.bench.statistics.samples import Sample
from priorsr.bench.statistics.verdicts import compare_family, holm

FACES = np.random.default_rng(0).normal(25, 3, 50)


def row(gain: float = 0.0, seeds: int = 1, *, seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)
    return Sample(FACES + gain + rng.normal(0, 0.1, (seeds, 1)) + rng.normal(0, 0.2, (seeds, 50)))


def compared(ours: Sample, theirs: Sample, *, higher: bool = True):
    return compare_family([(ours, theirs)], higher_is_better=higher)[0]


def test_a_comparison_is_the_estimate_in_words() -> None:
    ours, theirs = row(1.0), row(seed=1)
    found, estimate = compared(ours, theirs), estimate_difference(ours, theirs)
    for name in ("mean", "interval95", "over", "p", "smallest", "untested"):
        assert getattr(found, name) == getattr(estimate, name)
    assert found.p_holm == found.p
    assert (found.verdict, found.verdict_words) == ("better", "better")
    assert compared(theirs, ours).verdict == "worse"
    assert compared(ours, theirs, higher=False).verdict == "worse"
    assert compared(ours, row(1.0, seed=2)).verdict == "not distinguishable"


def test_the_verdict_is_by_the_corrected_p_value() -> None:
    pair = row(0.07), row(seed=1)
    alone = compared(*pair)
    crowd = [(row(seed=2), row(seed=place)) for place in range(3, 43)]
    among = compare_family([pair, *crowd], higher_is_better=True)[0]
    assert (alone.verdict, among.verdict) == ("better", "not distinguishable")
    assert among.p == alone.p < 0.05 < among.p_holm
    assert among.interval95 == alone.interval95
    assert among.interval95[0] > 0  # it stands for itself


def test_words_for_checkpoints_and_for_methods() -> None:
    assert compared(row(), row(seeds=3, seed=1)).scope_words == "these two checkpoints"
    assert compared(row(seeds=2), row(seeds=3, seed=1)).scope_words == "these two methods"


@pytest.mark.parametrize(
    ("ours", "reason"),
    [(np.full((1, 50), math.inf), "a score is infinite"), (np.full((1, 1), 9.0), "there is one face only")],
)
def test_where_nothing_can_be_tested_it_tells_why(ours, reason) -> None:
    theirs = Sample(row().values[:, : ours.shape[1]])
    found = compared(Sample(ours), theirs)
    assert (found.p, found.p_holm, found.interval95, found.smallest) == (None, None, None, None)
    assert found.verdict == "not distinguishable"
    assert found.verdict_words == f"not distinguishable, since {reason}"
    assert found.mean == float((ours - theirs.values).mean())


def test_what_cannot_be_tested_is_no_member_of_the_family() -> None:
    pair, perfect = (row(0.3), row(seed=1)), Sample(np.full((1, 50), math.inf))
    untested = [(perfect, row(seed=place)) for place in range(30)]
    found = compare_family([*untested, pair], higher_is_better=True)[-1]
    assert found == compared(*pair)


def test_the_reverse_of_equal_rows_is_the_same() -> None:
    found = compared(row(), row())
    assert (found.mean, found.p, found.interval95, found.verdict) == (0.0, 1.0, (0.0, 0.0), "not distinguishable")
    assert math.copysign(1, found.reversed().mean) == 1


# Holm


def test_holms_correction_is_that_of_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_keeps_false_alarms_of_a_whole_table_at_one_in_twenty() -> None:
    rng = np.random.default_rng(0)
    draws = rng.uniform(size=(2000, 10))
    assert 70 <= sum(min(holm(draw.tolist())) < 0.05 for draw in draws) <= 130
    assert sum(min(draw) < 0.05 for draw in draws) > 700


def test_a_pair_among_1225_can_be_told_apart() -> None:
    """A bootstrap of 10,000 resamples has no p-value below 0.0001, and 50 rows have 1,225 pairs."""
    pair = row(0.3), row(seed=1)
    crowd = [(row(seed=2), row(seed=place)) for place in range(3, 1227)]
    found = compare_family([pair, *crowd], higher_is_better=True)[0]
    assert found.p < 1e-5
    assert found.verdict == "better"
