"""Summarise the scores of images as records hold them, with means and intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from torch import Tensor

from priorsr import kinds
from priorsr.bench.scoring.evaluation import Evaluation
from priorsr.bench.statistics.means import interval_of_images
from priorsr.bench.store.score_facts import RecordedScore, RecordedSetScore
from priorsr.errors import PriorsrError
from priorsr.metrics import Protocol, Scores
from priorsr.metrics.score_calls import SetScoring


def score_facts(
    evaluation: Evaluation, protocol: Protocol, extra_scores: Mapping[str, kinds.Score]
) -> dict[str, RecordedScore]:
    """Return a record's scores: the protocol's own, aggregated as it defines, then the extra ones, as means."""
    ids = tuple(evaluation.images)
    own = protocol_score_facts(ids, evaluation.protocols[protocol.content_hash], protocol)
    others = {
        name: _score(
            name,
            ids,
            per_image,
            value=None,
            unit=getattr(extra_scores[name], "unit", ""),
            higher_is_better=extra_scores[name].higher_is_better,
        )
        for name, per_image in evaluation.extra_scores.items()
    }
    return own | others


def protocol_score_facts(ids: Sequence[str], scores: Scores, protocol: Protocol) -> dict[str, RecordedScore]:
    """Return a protocol's scores of images, by the score's name, aggregated as it defines."""
    values = protocol.aggregate(scores)
    return {
        name: _score(
            name,
            ids,
            per_image,
            value=values[name],
            unit="dB" if protocol.scoring.scores[name].name == "psnr" else "",
            higher_is_better=True,
        )
        for name, per_image in scores.per_image.items()
    }


def set_score_facts(
    seen: Mapping[str, SetScoring], extra_scores: Mapping[str, kinds.SetScore], count: int
) -> dict[str, RecordedSetScore]:
    """Return a record's scores of the set as a whole, of accumulators that have seen its `count` images."""
    return {
        name: RecordedSetScore(
            value=accumulator.value(),
            higher_is_better=extra_scores[name].higher_is_better,
            count=count,
            warning=accumulator.warning(),
        )
        for name, accumulator in seen.items()
    }


def _score(
    name: str,
    ids: Sequence[str],
    per_image: Tensor,
    *,
    value: float | None,
    unit: Literal["dB", ""],
    higher_is_better: bool,
) -> RecordedScore:
    values = per_image.double().numpy()
    if {math.inf, -math.inf} <= set(values.tolist()):
        raise PriorsrError(f"the score {name!r} is ∞ for some faces and -∞ for others, so it has no mean")
    mean = float(values.mean())
    if value is None or math.isclose(value, mean, rel_tol=1e-12):  # the same mean, added up in another order
        value = mean
    return RecordedScore(
        value=value,
        mean=mean,
        interval95=interval_of_images(values),
        unit=unit,
        higher_is_better=higher_is_better,
        per_image=dict(zip(ids, values.tolist(), strict=True)),
    )
