"""Compare every pair of a table's rows in one score, and rank them.

"Not distinguishable" is not transitive: A and B may be alike, and B and C, while A is better than C. So rows are not
grouped. A row's rank is an interval: from 1 + the number of better rows to the total number less the number of worse
rows, by the verdicts after Holm's correction over all pairs of the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from priorsr.bench.statistics.samples import Sample
from priorsr.bench.statistics.verdicts import Comparison, compare_family


@dataclass(frozen=True)
class Ranking:
    """The comparisons of all pairs of rows: (place of a row, place of a later one) -> ours - theirs."""

    comparisons: Mapping[tuple[int, int], Comparison]

    def between(self, ours: int, theirs: int) -> Comparison:
        """Return the comparison of two rows, ours - theirs."""
        if ours < theirs:
            return self.comparisons[ours, theirs]
        return self.comparisons[theirs, ours].reversed()

    def ranks(self, place: int, among: Sequence[int]) -> tuple[int, int]:
        """Return the interval of a row's rank among these rows, itself included."""
        verdicts = [self.between(place, other).verdict for other in among if other != place]
        return 1 + verdicts.count("worse"), len(among) - verdicts.count("better")


def rank(samples: Sequence[Sample], *, higher_is_better: bool) -> Ranking:
    """Compare every pair of rows, and correct the p-values for their number."""
    places = list(combinations(range(len(samples)), 2))
    pairs = ((samples[one], samples[other]) for one, other in places)
    return Ranking(dict(zip(places, compare_family(pairs, higher_is_better=higher_is_better), strict=True)))
