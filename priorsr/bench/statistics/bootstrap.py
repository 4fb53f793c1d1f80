"""Intervals for means of per-image scores, and paired differences.

The intervals are 95 % percentile bootstraps over images. BCa would correct for skew, which the mean of some dozens of
images hardly has, and is undefined where all values are equal; percentile is defined for every sample.
They speak of other faces of the same kind, not of other training seeds; see `priorsr.bench.statistics.seeds` for those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from priorsr.errors import PriorsrError
from priorsr.files import require_extra

RESAMPLES = 10_000
_BATCH_VALUES = 4_000_000  # resampled values held at a time: 32 MB


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
        batch=max(1, _BATCH_VALUES // len(values)),
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)


def paired_difference(ours: Mapping[str, float], theirs: Mapping[str, float], seed: int = 0) -> Difference:
    """The difference ours - theirs of a score by image id; raises PriorsrError unless both are of the same images."""
    if ours.keys() != theirs.keys():
        odd = sorted(ours.keys() ^ theirs.keys())[0]
        raise PriorsrError(f"the image {odd!r} has one of the two scores only; a paired difference needs both for each")
    pairs = [(ours[image], theirs[image]) for image in sorted(ours)]
    values = np.array([0.0 if a == b else a - b for a, b in pairs])  # both infinite: no difference
    return Difference(float(values.mean()), mean_interval(values, seed))
