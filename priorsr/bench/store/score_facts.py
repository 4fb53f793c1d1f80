"""The parts of a record that describe scores, and the images that were scored."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from priorsr.bench.store.values import Count, Hash, Id, RecordPart
from priorsr.fields import Value


class RecordedScore(RecordPart):
    """A score of the images.

    value: the split's score as the protocol aggregates it; equal to `mean` unless the protocol pools images.
    mean, interval95: of the per-image values; no interval for one image or an infinite value. The interval follows the
        rule in the record's `statistics`; boards compute theirs from the per-image values.
    """

    value: Value
    mean: Value
    interval95: tuple[Value, Value] | None
    unit: Literal["dB", ""]
    higher_is_better: bool
    per_image: dict[str, Value]

    @model_validator(mode="after")
    def _mean_is_of_the_images(self) -> RecordedScore:
        mean = sum(self.per_image.values()) / len(self.per_image) if self.per_image else math.nan
        if not (self.mean == mean or math.isclose(self.mean, mean, rel_tol=1e-9, abs_tol=1e-12)):
            raise ValueError(f"mean is {self.mean}, and the images' mean is {mean}")
        return self


class RecordedSetScore(RecordPart):
    """A score of the whole split, such as FID, from `count` images; `warning`: why it is unreliable."""

    value: Value
    higher_is_better: bool
    count: Annotated[int, Field(ge=1)]
    warning: str | None


class ExtraScoreFacts(RecordPart):
    """The origin of a score beside the protocol's. name: of kind `score`; version: of the distribution that offers it.

    networks: the networks that score. trained_with: those that also trained the model, so that it was optimised for the
    score; "unknown" if the training is unknown.
    """

    name: str
    version: str
    weights_hash: Hash | None
    networks: tuple[str, ...]
    trained_with: tuple[str, ...] | Literal["unknown"]


class ImageHashes(RecordPart):
    """The hashes that identify a face's images: `priorsr.bench.store.stored_images.pixel_hash` of each in 8 bits."""

    hr: Id
    lr: Id
    sr: Id


class Statistics(RecordPart):
    """The rule of a record's intervals, see `priorsr.bench.statistics.means`."""

    interval: Literal["Hall's t over images"]


class BootstrapStatistics(RecordPart):
    """The rule of the intervals of records of format 1, and of the first of format 2."""

    interval: Literal["percentile bootstrap over images"]
    resamples: Count
    seed: int
