"""Intervals for means of per-image scores.

The intervals are 95 % percentile bootstraps over images. BCa would correct for skew, which the mean of some dozens of
images hardly has, and is undefined where all values are equal; percentile is defined for every sample.
They speak of other faces of the same kind, not of other training seeds; see `priorsr.bench.statistics.seeds` for those.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from priorsr.bench.statistics.samples import BATCH_VALUES
from priorsr.files import require_extra

RESAMPLES = 10_000

Scope = Literal["images", "seeds and images"]
"""What an interval is over. One over images alone speaks of these checkpoints, not of the methods that made them."""


class Difference(NamedTuple):
    """The mean of a score's differences, image by image; no interval for one image or infinite values."""

    mean: float
    interval95: tuple[float, float] | None
    over: Scope = "images"

    @property
    def distinguishable(self) -> bool:
        """Whether the interval excludes zero: these two checkpoints, or methods, differ."""
        return self.interval95 is not None and not self.interval95[0] <= 0 <= self.interval95[1]


def mean_interval(values: np.ndarray, seed: int = 0) -> tuple[float, float] | None:
    """The 95 % interval of the mean of values (N,), over images; None for N < 2 or an infinite value."""
    require_extra("scipy", "bench")
    from scipy.stats import bootstrap

    if len(values) < 2 or not np.isfinite(values).all():
        return None
    interval = bootstrap(
        (values,),
        np.mean,
        method="percentile",
        n_resamples=RESAMPLES,
        batch=max(1, BATCH_VALUES // len(values)),
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)
