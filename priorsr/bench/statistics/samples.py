"""Rows as samples of scores, and what every statistic of their differences is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

BATCH_VALUES = 4_000_000  # numbers that a statistic holds at a time: 32 MB


class Sample(NamedTuple):
    """A row's scores: values (seeds, images), the images in one order for all rows.

    trained: whether there are training seeds that the row might have been made with; bicubic has none.
    """

    values: np.ndarray
    trained: bool = True


def several_seeds(*samples: Sample) -> bool:
    """Whether a difference of these may speak of methods: each has several seeds or none to have, and one has them."""
    trained = [sample for sample in samples if sample.trained]
    return bool(trained) and min(len(sample.values) for sample in trained) > 1


def by_image(ours: Sample, theirs: Sample) -> np.ndarray:
    """The differences (images,) of the averages over seeds; none where both are infinite."""
    a, b = ours.values.mean(axis=0), theirs.values.mean(axis=0)
    with np.errstate(invalid="ignore"):
        return np.where(a == b, 0.0, a - b)


def mean_difference(differences: np.ndarray) -> np.ndarray:
    """Return the means of differences (..., images).

    Where some are ∞ and others -∞, the means that they are of are both infinite, and differ by 0 as two scores do.
    """
    with np.errstate(invalid="ignore"):
        means = differences.mean(axis=-1)
    return np.where(np.isnan(means), 0.0, means)


def error_of_means(parts: Sequence[np.ndarray]) -> tuple[float, float]:
    """The standard error of a sum of means, one of each part (n,), and its degrees of freedom.

    These are Welch's and Satterthwaite's; where nothing varies, the first part's. Both are NaN for a part with fewer
    than two values, or an infinite one.
    """
    if min(map(len, parts)) < 2 or not all(np.isfinite(part).all() for part in parts):
        return np.nan, np.nan
    variances = [part.var(ddof=1) / len(part) for part in parts]
    squares = sum(variance**2 / (len(part) - 1) for variance, part in zip(variances, parts, strict=True))
    total = sum(variances)
    return float(np.sqrt(total)), float(total**2 / squares) if squares else float(len(parts[0]) - 1)
