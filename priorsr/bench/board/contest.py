"""The rows of a table in one score: every pair tested, all p-values corrected together, and the ranks that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import median

from priorsr.bench.board.rows import Row, RowScore, scored
from priorsr.bench.statistics.ranks import Pairs, all_pairs
from priorsr.bench.statistics.samples import Sample
from priorsr.bench.statistics.verdicts import Comparison, comparisons


@dataclass(frozen=True)
class Contest:
    """Rows that have a score. places, samples: by the id of a row's first record; samples by place."""

    score: str
    places: Mapping[str, int]
    samples: Sequence[Sample]
    pairs: Pairs

    @classmethod
    def of(cls, rows: Sequence[Row], score: str) -> Contest:
        """The contest of those rows that have the score."""
        there = [row for row in rows if score in row.score_names]
        samples = [row.sample(score) for row in there]
        higher = there[0].record.scores[score].higher_is_better if there else True
        places = {row.record.id: place for place, row in enumerate(there)}
        return cls(score, places, samples, all_pairs(samples, higher_is_better=higher))

    def __contains__(self, row: Row) -> bool:
        return row.record.id in self.places

    def compare(self, couples: Sequence[tuple[Row, Row]]) -> list[Comparison]:
        """What is said of couples (ours, theirs) of its rows, with corrected p-values."""
        places = [(self.places[ours.record.id], self.places[theirs.record.id]) for ours, theirs in couples]
        found = [self.pairs.between(ours, theirs) for ours, theirs in places]
        return comparisons(
            [(self.samples[ours], self.samples[theirs]) for ours, theirs in places],
            [pair for pair, _ in found],
            [p for _, p in found],
            higher_is_better=self.pairs.higher_is_better,
        )

    def scores(self, rows: Sequence[Row], base: Row | None) -> dict[str, RowScore]:
        """The scores of the rows of a table, by the id of a row's first record, ranked among each other."""
        there = [row for row in rows if row in self]
        others = [row for row in there if row is not base] if base and base in self else []
        differences = self.compare([(row, base) for row in others]) if base else []
        to_base = {row.record.id: difference for row, difference in zip(others, differences, strict=True)}
        among = [self.places[row.record.id] for row in there]
        return {
            row.record.id: scored(
                row, self.score, self.samples[place], self.pairs.ranks(place, among), to_base.get(row.record.id)
            )
            for row, place in zip(there, among, strict=True)
        }

    def smallest_difference(self, base: Row | None) -> float | None:
        """The smallest difference that two such rows show, see `Leaderboard`: a median over pairs."""
        aside = self.places.get(base.record.id) if base and len(self.places) > 2 else None
        found = [pair.smallest for places, pair in self.pairs.found.items() if aside not in places]
        known = [value for value in found if isfinite(value)]
        return median(known) if known else None
