from __future__ import annotations

import numpy as np
import pytest

from priorsr.bench.statistics.ranking import rank
from priorsr.bench.statistics.samples import Sample


def rows(*gains: float, noise: float = 0.2, images: int = 60) -> list[Sample]:
    rng = np.random.default_rng(0)
    faces = rng.normal(25, 3, images)
    return [Sample((faces + gain + rng.normal(0, noise, images))[None]) for gain in gains]


def ranks(samples: list[Sample], *, higher: bool = True) -> list[tuple[int, int]]:
    ranking = rank(samples, higher_is_better=higher)
    return [ranking.ranks(place, range(len(samples))) for place in range(len(samples))]


def test_rows_that_are_surely_apart_have_one_rank_each() -> None:
    assert ranks(rows(0.0, 2.0, 1.0)) == [(3, 3), (1, 1), (2, 2)]
    assert ranks(rows(0.0, 2.0, 1.0), higher=False) == [(1, 1), (3, 3), (2, 2)]


def test_rows_that_are_alike_share_their_ranks() -> None:
    assert ranks(rows(1.0, 1.0, 0.0)) == [(1, 2), (1, 2), (3, 3)]


def test_not_distinguishable_is_not_transitive_and_ranks_say_so() -> None:
    """A and B are alike, B and C too, and A is better than C: B's rank may be any."""
    assert ranks(rows(0.08, 0.04, 0.0)) == [(1, 2), (1, 3), (2, 3)]


def test_with_more_rows_the_same_difference_needs_more() -> None:
    two = rows(0.09, 0.0)
    crowd = [*two, *rows(*([5.0] * 12))]
    assert ranks(two) == [(1, 1), (2, 2)]
    assert ranks(crowd)[0][1] == 14


def test_ranks_are_among_the_rows_that_are_named() -> None:
    ranking = rank(rows(0.0, 2.0, 1.0), higher_is_better=True)
    assert ranking.ranks(0, [0, 2]) == (2, 2)
    assert ranking.ranks(0, [0]) == (1, 1)


def test_every_interval_holds_a_rank() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        for low, high in ranks(rows(*rng.normal(0, 0.1, 7))):
            assert 1 <= low <= high <= 7


def test_two_rows_are_compared_in_both_directions() -> None:
    samples = rows(0.0, 2.0)
    ranking = rank(samples, higher_is_better=True)
    one, other = ranking.between(0, 1), ranking.between(1, 0)
    assert (one.verdict, other.verdict) == ("worse", "better")
    assert one.mean == -other.mean == pytest.approx(float((samples[0].values - samples[1].values).mean()))
    assert one.interval95 == (-other.interval95[1], -other.interval95[0])
    assert (one.p, one.p_holm, one.smallest) == (other.p, other.p_holm, other.smallest)
