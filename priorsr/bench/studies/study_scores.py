"""Compute the scores of a study's rows: each row's estimate, and its difference to the base."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import Field

from priorsr.bench.statistics.means import Scope, estimate_mean
from priorsr.bench.statistics.samples import Sample, make_samples
from priorsr.bench.statistics.verdicts import Comparison, Verdict, compare_family
from priorsr.bench.store.records import Record
from priorsr.bench.store.score_facts import RecordedScore
from priorsr.bench.store.values import Count, RecordPart
from priorsr.fields import Value

Interval = tuple[Value, Value]


class DifferenceFacts(RecordPart):
    """A paired difference to the base; its fields are those of `Comparison`.

    p_holm: corrected over all rows of the study that are compared with the base in one score under one protocol.
        Format 1 has no p-values.
    """

    mean: Value
    interval95: Interval | None
    over: Scope
    verdict: Verdict
    p: float | None = None
    p_holm: float | None = None
    untested: str | None = None

    @classmethod
    def of(cls, found: Comparison) -> DifferenceFacts:
        """Return the facts of a comparison."""
        return cls(**{name: getattr(found, name) for name in cls.model_fields})


class ScoreFacts(RecordPart):
    """A score of a row: the mean of the per-image scores over seeds and images, and each seed's mean.

    difference: None for the base.
    """

    mean: Value
    interval95: Interval | None
    over: Scope
    unit: Literal["dB", ""]
    higher_is_better: bool
    per_seed: Annotated[tuple[Value, ...], Field(min_length=1)]
    difference: DifferenceFacts | None


class RuleFacts(RecordPart):
    """The rule that made a study's intervals and verdicts, see `priorsr.bench.statistics`."""

    test: Literal["Hall's t"] = "Hall's t"
    correction: Literal["Holm"] = "Holm"


class BootstrapFacts(RecordPart):
    """The rule of studies of format 1: a verdict was whether the interval excluded zero, without a correction."""

    interval: Literal["percentile bootstrap"]
    resamples: Count
    seed: int


def shared_scores(records: Iterable[Record]) -> list[str]:
    """Return the scores that all records have, in the first one's order.

    A kept record may have more, requested earlier.
    """
    first, *others = records
    return [name for name in first.scores if all(name in other.scores for other in others)]


def row_scores(rows: Sequence[Sequence[Record]], names: Iterable[str]) -> list[dict[str, ScoreFacts]]:
    """Return the scores of a study's rows under one protocol, each row given as its records, one a training seed.

    Every row is compared with the first one; p-values are corrected for each score. Raises PriorsrError unless all
    records have the same images.
    """
    found = {name: _compared([[record.scores[name] for record in row] for row in rows]) for name in names}
    return [{name: scores[place] for name, scores in found.items()} for place in range(len(rows))]


def _compared(rows: Sequence[Sequence[RecordedScore]]) -> list[ScoreFacts]:
    base, *others = samples = make_samples([[score.per_image for score in row] for row in rows])
    higher = rows[0][0].higher_is_better
    compared = compare_family([(sample, base) for sample in others], higher_is_better=higher)
    differences = [None, *map(DifferenceFacts.of, compared)]
    return [_facts(*parts) for parts in zip(rows, samples, differences, strict=True)]


def _facts(scores: Sequence[RecordedScore], sample: Sample, difference: DifferenceFacts | None) -> ScoreFacts:
    estimate = estimate_mean(sample)
    return ScoreFacts(
        mean=estimate.mean,
        interval95=estimate.interval95,
        over=estimate.over,
        unit=scores[0].unit,
        higher_is_better=scores[0].higher_is_better,
        per_seed=tuple(score.mean for score in scores),
        difference=difference,
    )
