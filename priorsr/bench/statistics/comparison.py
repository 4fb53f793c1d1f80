"""A score of one row of a study, over seeds and images, and how it differs from the row that all are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import Field

from priorsr.bench.records import Record
from priorsr.bench.score_facts import Score
from priorsr.bench.statistics.bootstrap import RESAMPLES, Scope
from priorsr.bench.statistics.seeds import difference_over_seeds, over_seeds
from priorsr.bench.values import Count, Facts
from priorsr.fields import Value

Interval = tuple[Value, Value]
Verdict = Literal["better", "worse", "not distinguishable"]


class DifferenceFacts(Facts):
    """A paired difference to the base. "not distinguishable": the interval holds zero, or there is none."""

    mean: Value
    interval95: Interval | None
    over: Scope
    verdict: Verdict


class ScoreFacts(Facts):
    """A score of a row: the mean over seeds and images of the per-image scores, and what each seed's images give."""

    mean: Value
    interval95: Interval | None
    over: Scope
    unit: Literal["dB", ""]
    higher_is_better: bool
    per_seed: Annotated[tuple[Value, ...], Field(min_length=1)]
    difference: DifferenceFacts | None


class Resampling(Facts):
    """How a study's intervals were made; each says what it is over. See `priorsr.bench.statistics.seeds`."""

    interval: Literal["percentile bootstrap"]
    resamples: Count
    seed: int


def resampling(seed: int) -> Resampling:
    """What a study says of its intervals."""
    return Resampling(interval="percentile bootstrap", resamples=RESAMPLES, seed=seed)


def shared_scores(records: Iterable[Record]) -> list[str]:
    """The scores that all records have, in the first one's order; one that was kept may have more, asked for before."""
    first, *others = records
    return [name for name in first.scores if all(name in other.scores for other in others)]


def compare(ours: Sequence[Score], base: Sequence[Score] | None, seed: int) -> ScoreFacts:
    """A score of a row, a `Score` a training seed, against the base's; None for the base itself."""
    estimate = over_seeds([score.per_image for score in ours], seed)
    return ScoreFacts(
        mean=estimate.mean,
        interval95=estimate.interval95,
        over=estimate.over,
        unit=ours[0].unit,
        higher_is_better=ours[0].higher_is_better,
        per_seed=tuple(score.mean for score in ours),
        difference=None if base is None else _difference(ours, base, seed),
    )


def _difference(ours: Sequence[Score], base: Sequence[Score], seed: int) -> DifferenceFacts:
    found = difference_over_seeds([score.per_image for score in ours], [score.per_image for score in base], seed)
    return DifferenceFacts(
        mean=found.mean,
        interval95=found.interval95,
        over=found.over,
        verdict=verdict(found.mean, distinguishable=found.distinguishable, higher_is_better=ours[0].higher_is_better),
    )


def verdict(mean: float, *, distinguishable: bool, higher_is_better: bool) -> Verdict:
    """What a difference ours - theirs says of ours."""
    if not distinguishable:
        return "not distinguishable"
    return "better" if (mean > 0) == higher_is_better else "worse"
