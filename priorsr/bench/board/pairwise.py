"""The rows of a table in one score: every pair tested, all p-values corrected together, and the ranks that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from priorsr.bench.board.rows import Row, RowScore, scored
from priorsr.bench.statistics.ranking import Ranking, rank
from priorsr.bench.statistics.samples import Sample
from priorsr.bench.statistics.verdicts import Comparison


@dataclass(frozen=True)
class PairwiseTests:
    """Rows that have a score. places, samples: by the id of a row's first record; samples by place."""

    score: str
    places: Mapping[str, int]
    samples: Sequence[Sample]
    ranking: Ranking

    @classmethod
    def of(cls, rows: Sequence[Row], score: str) -> PairwiseTests:
        """Test all pairs of those rows that have the score."""
        there = [row for row in rows if score in row.score_names]
        samples = [row.sample(score) for row in there]
        higher = there[0].record.scores[score].higher_is_better if there else True
        places = {row.record.id: place for place, row in enumerate(there)}
        return cls(score, places, samples, rank(samples, higher_is_better=higher))

    def __contains__(self, row: Row) -> bool:
        return row.record.id in self.places

    def between(self, ours: Row, theirs: Row) -> Comparison:
        """Return the comparison of two of its rows, ours - theirs."""
        return self.ranking.between(self.places[ours.record.id], self.places[theirs.record.id])

    def scores(self, rows: Sequence[Row], base: Row | None) -> dict[str, RowScore]:
        """Return the scores of the rows of a table, by the id of a row's first record, ranked among each other."""
        there = [row for row in rows if row in self]
        among = [self.places[row.record.id] for row in there]
        has_base = base is not None and base in self
        return {
            row.record.id: scored(
                row,
                self.score,
                self.samples[place],
                self.ranking.ranks(place, among),
                self.between(row, base) if base and has_base and row is not base else None,
            )
            for row, place in zip(there, among, strict=True)
        }

    def smallest_difference(self, base: Row | None) -> float | None:
        """Return the smallest difference that two such rows show, see `Leaderboard`: a median over pairs."""
        aside = self.places.get(base.record.id) if base and len(self.places) > 2 else None
        compared = self.ranking.comparisons.items()
        known = [found.smallest for places, found in compared if found.smallest is not None and aside not in places]
        return median(known) if known else None
