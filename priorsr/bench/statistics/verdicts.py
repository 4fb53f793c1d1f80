"""What is said of two rows in one score: how much they differ, how sure that is, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from priorsr.bench.statistics.bootstrap import Scope
from priorsr.bench.statistics.comparison import Verdict, verdict
from priorsr.bench.statistics.samples import Sample
from priorsr.bench.statistics.seeds import sample_intervals
from priorsr.bench.statistics.significance import ALPHA, Pair


@dataclass(frozen=True)
class Comparison:
    """One row against another in one score, ours - theirs.

    mean, interval95: of the faces' differences; no interval for one face or infinite values.
    over: what interval and p-values are over. p_mean, p_ranks: see `priorsr.bench.statistics.significance`.
    p: the larger of the two; on a leaderboard corrected for the number of its pairs. The verdict is by this.
    smallest: the smallest difference that such a pair shows with a power of 80 %, in a comparison by itself.
    """

    mean: float
    interval95: tuple[float, float] | None
    over: Scope
    p_mean: float | None
    p_ranks: float
    p: float
    smallest: float | None
    verdict: Verdict

    @property
    def scope_words(self) -> str:
        """What the verdict is of."""
        return "these two methods" if self.over == "seeds and images" else "these two checkpoints"


def comparisons(
    samples: Sequence[tuple[Sample, Sample]],
    found: Sequence[Pair],
    p_values: Sequence[float],
    *,
    higher_is_better: bool,
    seed: int = 0,
) -> list[Comparison]:
    """What is said of each pair (ours, theirs), from what was `found` of it and its p-value, corrected or not.

    seed: of the bootstrap.
    """
    intervals = sample_intervals(samples, seed)
    return [
        Comparison(
            mean=pair.mean,
            interval95=interval,
            over="seeds and images" if pair.over_seeds else "images",
            p_mean=_known(pair.p_mean),
            p_ranks=pair.p_ranks,
            p=p,
            smallest=_known(pair.smallest),
            verdict=verdict(pair.mean, distinguishable=p < ALPHA, higher_is_better=higher_is_better),
        )
        for pair, p, interval in zip(found, p_values, intervals, strict=True)
    ]


def _known(value: float) -> float | None:
    return None if value != value else value  # NaN
