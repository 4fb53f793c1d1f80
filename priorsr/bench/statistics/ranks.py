"""Ranks that say no more than the scores show: every row's is an interval.

"Not distinguishable" is not transitive: A and B may be alike, B and C too, and A better than C. So rows do not fall
into groups, and none are drawn. A row's rank lies between 1 + the number of rows that are surely better, and the number
of rows less those that are surely worse; surely is after Holm's correction over all pairs of the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from priorsr.bench.statistics.samples import Sample
from priorsr.bench.statistics.significance import ALPHA, Pair, compare_samples, holm


@dataclass(frozen=True)
class Pairs:
    """All pairs of a table's rows in one score.

    found: (place of a row, place of a later one) -> what the tests say. corrected: the same, Holm's p-values.
    """

    found: Mapping[tuple[int, int], Pair]
    corrected: Mapping[tuple[int, int], float]
    higher_is_better: bool

    def between(self, ours: int, theirs: int) -> tuple[Pair, float]:
        """What is found of two rows, ours - theirs, and the corrected p-value."""
        if ours < theirs:
            return self.found[ours, theirs], self.corrected[ours, theirs]
        pair = self.found[theirs, ours]
        return replace(pair, mean=-pair.mean), self.corrected[theirs, ours]

    def surely_better(self, ours: int, theirs: int) -> bool:
        """Whether a row is better than another, after correction."""
        pair, p = self.between(ours, theirs)
        return p < ALPHA and (pair.mean > 0) == self.higher_is_better

    def ranks(self, place: int, among: Sequence[int]) -> tuple[int, int]:
        """The interval of a row's rank among rows of which it is one."""
        others = [other for other in among if other != place]
        better = sum(self.surely_better(other, place) for other in others)
        worse = sum(self.surely_better(place, other) for other in others)
        return 1 + better, len(among) - worse


def all_pairs(samples: Sequence[Sample], *, higher_is_better: bool) -> Pairs:
    """Test every pair of rows, and correct the p-values for their number."""
    places = list(combinations(range(len(samples)), 2))
    found = compare_samples([(samples[one], samples[other]) for one, other in places])
    corrected = holm([pair.p for pair in found])
    return Pairs(dict(zip(places, found, strict=True)), dict(zip(places, corrected, strict=True)), higher_is_better)
