"""Verdicts on the differences of rows, corrected together for the number of a table's comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from priorsr.bench.statistics.means import ALPHA, MeanEstimate, Scope, estimate_difference
from priorsr.bench.statistics.samples import Sample

Verdict = Literal["better", "worse", "not distinguishable"]

_OPPOSITE: dict[Verdict, Verdict] = {"better": "worse", "worse": "better"}


@dataclass(frozen=True)
class Comparison:
    """One row against another in one score, ours - theirs, as one of a family of comparisons.

    mean, interval95, over, p, smallest, untested: see `MeanEstimate`; they describe this comparison by itself.
    p_holm: the p-value after Holm's correction over the family; the verdict is by this one.
    """

    mean: float
    interval95: tuple[float, float] | None
    over: Scope
    p: float | None
    p_holm: float | None
    smallest: float | None
    untested: str | None
    verdict: Verdict

    @property
    def scope_words(self) -> str:
        """Return the scope of the verdict in words."""
        return "these two methods" if self.over == "seeds and images" else "these two checkpoints"

    @property
    def verdict_words(self) -> str:
        """Return the verdict, with the reason where nothing can be tested."""
        return with_reason(self.verdict, self.untested)

    def reversed(self) -> Comparison:
        """Return the same comparison as theirs - ours."""
        return replace(
            self,
            mean=0.0 - self.mean,  # so that no zero becomes -0.0
            interval95=self.interval95 and (-self.interval95[1], -self.interval95[0]),
            verdict=_OPPOSITE.get(self.verdict, self.verdict),
        )


def compare_family(pairs: Iterable[tuple[Sample, Sample]], *, higher_is_better: bool) -> list[Comparison]:
    """Compare pairs of rows (ours, theirs) in one score, and correct their p-values together."""
    estimates = [estimate_difference(ours, theirs) for ours, theirs in pairs]
    p_values = [found.p for found in estimates]
    corrected = iter(holm([p for p in p_values if p is not None]))
    return [
        _comparison(found, p, None if p is None else next(corrected), higher_is_better)
        for found, p in zip(estimates, p_values, strict=True)
    ]


def with_reason(verdict: Verdict, untested: str | None) -> str:
    """Return a verdict in words, with the reason if nothing can be tested."""
    return f"{verdict}, since {untested}" if untested else verdict


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number: if nothing differs, at most 5 % of tables have a p-value below 0.05.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6 (1979).
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, largest = [0.0] * len(p_values), 0.0
    for done, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - done) * p_values[place]))
        corrected[place] = largest
    return corrected


def _comparison(found: MeanEstimate, p: float | None, p_holm: float | None, higher_is_better: bool) -> Comparison:
    verdict: Verdict = "not distinguishable"
    if p_holm is not None and p_holm < ALPHA:
        verdict = "better" if (found.mean > 0) == higher_is_better else "worse"
    return Comparison(
        mean=found.mean,
        interval95=found.interval95,
        over=found.over,
        p=p,
        p_holm=p_holm,
        smallest=found.smallest,
        untested=found.untested,
        verdict=verdict,
    )
