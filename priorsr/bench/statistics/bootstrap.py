"""Intervals for means of per-image scores.

The intervals are 95 % percentile bootstraps over images. BCa would correct for skew, which the mean of some dozens of
images hardly has, and is undefined where all values are equal; percentile is defined for every sample.
They are those of records of format 1 alone; whatever is shown or judged is by `priorsr.bench.statistics.means`.
"""

from __future__ import annotations

import numpy as np

from priorsr.files import require_extra

RESAMPLES = 10_000
BATCH_VALUES = 4_000_000  # numbers that are held at a time: 32 MB


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
