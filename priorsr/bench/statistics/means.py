"""The rule for all verdicts: an estimate of a mean, with its test and its interval.

The hypothesis is about the mean, which is what tables show, not about ranks or medians. Student's t errs where
per-image differences are skewed, for example if a method gains on a few faces only, so Hall's transformation removes
the skewness first. The transformation is monotone, so the interval is the same rule inverted. P-values have no
lower bound, unlike those of a bootstrap, so that they can be corrected for a leaderboard's many pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from priorsr.bench.statistics.samples import Sample, mean_difference, paired_differences, several_seeds
from priorsr.files import require_extra

ALPHA, POWER = 0.05, 0.8

Scope = Literal["images", "seeds and images"]
"""What an error is over. One over images alone describes these checkpoints, not the methods that made them."""


@dataclass(frozen=True)
class MeanEstimate:
    """An estimate of a mean; one that cannot be tested has no p-value and no interval.

    error, freedom, skewness: the estimate's standard error, degrees of freedom, and third moment in units of the error.
    over: what the error is over.
    untested: why nothing can be tested, or None.
    """

    mean: float
    error: float
    freedom: float
    skewness: float
    over: Scope
    untested: str | None = None

    @property
    def p(self) -> float | None:
        """Return the two-sided p-value of a true mean of zero."""
        return None if self.untested else float(p_values(self._moments))

    @property
    def interval95(self) -> tuple[float, float] | None:
        """Return the true means that the test does not reject at 0.05."""
        if self.untested:
            return None
        low, high = intervals(self._moments)
        return float(low), float(high)

    @property
    def smallest(self) -> float | None:
        """Return the smallest true difference that the test finds with a power of 80 %.

        (t(1 - alpha / 2) + t(power)) * error, with t the quantiles of Student's distribution.
        """
        from scipy.special import stdtrit

        if self.untested:
            return None
        return float((stdtrit(self.freedom, 1 - ALPHA / 2) + stdtrit(self.freedom, POWER)) * self.error)

    @property
    def _moments(self) -> MeanMoments:
        return MeanMoments(*map(np.asarray, (self.mean, self.error, self.freedom, self.skewness)))


def estimate_mean(sample: Sample) -> MeanEstimate:
    """Estimate the mean of a row's scores: over images, and over training seeds where it has several."""
    return _estimate(sample.values.mean(axis=0), [sample] if several_seeds(sample) else [])


def estimate_difference(ours: Sample, theirs: Sample) -> MeanEstimate:
    """Estimate the mean difference ours - theirs of two rows, paired by image.

    The error is over seeds and images if both rows have several training seeds, or one has and the other was not
    trained. Two infinite scores of an image are equal; with any other infinite score there is no test.
    """
    return _estimate(paired_differences(ours, theirs), [ours, theirs] if several_seeds(ours, theirs) else [])


def interval_of_images(values: Iterable[float]) -> tuple[float, float] | None:
    """Return the 95 % interval of the mean of a checkpoint's scores, one an image; None if nothing can be tested."""
    return estimate_mean(Sample(np.array([list(values)]))).interval95


class MeanMoments(NamedTuple):
    """The numbers of many `MeanEstimate`s, each an array of one shape."""

    mean: np.ndarray
    error: np.ndarray
    freedom: np.ndarray
    skewness: np.ndarray


def moments(values: np.ndarray, seeded: Sequence[np.ndarray] = ()) -> MeanMoments:
    """Return the moments of the means of values (..., images), two images or more.

    seeded: the scores (..., seeds, images) of each row whose training seeds take part; `values` are made of their
        averages. The variance of the seeds' means is added to that of the images, without the part that both contain:
        seeds that are better on some images than on others (an analysis of variance with two random factors).

    The degrees of freedom are Welch's and Satterthwaite's, where the seeds' variance counts by the part of it that is
    added. The third moment is the images' alone, since seeds are too few to show one.
    """
    count, mean = values.shape[-1], values.mean(axis=-1)
    of_images = values.var(axis=-1, ddof=1) / count
    of_seeds = [scores.mean(axis=-1).var(axis=-1, ddof=1) / scores.shape[-2] for scores in seeded]
    shown = [_interaction(scores) for scores in seeded]
    left = np.maximum(np.zeros_like(mean) + sum(of_seeds) - sum(shown), 0)
    variance = of_images + left
    error = np.sqrt(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        counted = np.where(left > 0, left / sum(of_seeds), 0)
        shares = [
            (part / variance) ** 2 / (scores.shape[-2] - 1) for part, scores in zip(of_seeds, seeded, strict=True)
        ]
        freedom = 1 / ((of_images / variance) ** 2 / (count - 1) + counted * sum(shares))
        centred = (values - mean[..., None]) / error[..., None]
    third = (centred * centred * centred).mean(axis=-1) / ((count - 1) * max(count - 2, 1))
    return MeanMoments(
        mean=mean,
        error=error,
        freedom=np.where(error > 0, freedom, count - 1),
        skewness=np.where((error > 0) & (count > 2), third, 0.0),
    )


def _interaction(scores: np.ndarray) -> np.ndarray:
    """Return the part of the variance of a row's mean from seeds that are better on some images than on others.

    It is the residual mean square of scores (..., seeds, images) in a two-way layout, over their number.
    """
    seeds, count = scores.shape[-2:]
    residuals = scores - scores.mean(axis=-2, keepdims=True)
    mean_square: np.ndarray = residuals.var(axis=-1, ddof=1).sum(axis=-1) / (seeds - 1)
    return mean_square / (seeds * count)


def p_values(of: MeanMoments) -> np.ndarray:
    """Return the two-sided p-values of true means of zero."""
    from scipy.special import stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = _without_skewness(of.mean / of.error, of.skewness)
    return np.where(of.error > 0, 2 * stdtr(of.freedom, -np.abs(statistic)), of.mean == 0)


def intervals(of: MeanMoments) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 95 % intervals: the true means that the test does not reject."""
    from scipy.special import stdtrit

    quantile = stdtrit(of.freedom, 1 - ALPHA / 2)
    low, high = (of.mean - of.error * _with_skewness(sign * quantile, of.skewness) for sign in (1, -1))
    return low, high


def _estimate(values: np.ndarray, seeded: Sequence[Sample]) -> MeanEstimate:
    """Estimate the mean of values (images,), averages over the seeds of the samples that were `seeded`."""
    require_extra("scipy", "bench")
    over: Scope = "seeds and images" if seeded else "images"
    scores = [sample.values for sample in seeded if sample.trained]
    if not all(np.isfinite(part).all() for part in (values, *scores)):
        return MeanEstimate(mean_difference(values), np.nan, np.nan, np.nan, over, "a score is infinite")
    if len(values) < 2:
        return MeanEstimate(float(values.mean()), np.nan, np.nan, np.nan, over, "there is one face only")
    mean, error, freedom, skewness = map(float, moments(values, scores))
    return MeanEstimate(mean, error, freedom, skewness, over)


def _without_skewness(statistic: np.ndarray, skewness: np.ndarray) -> np.ndarray:
    """Transform t statistics so that their distributions are nearly symmetric.

    Source: Hall, "On the removal of skewness by transformation", JRSS B 54 (1992), g2; for a mean of n values of
    skewness g, `skewness` is g / sqrt(n). The cubic is ((1 + skewness * t / 3)^3 - 1) / skewness + skewness / 6.
    """
    return statistic + skewness * statistic**2 / 3 + skewness**2 * statistic**3 / 27 + skewness / 6


def _with_skewness(transformed: np.ndarray, skewness: np.ndarray) -> np.ndarray:
    """Undo `_without_skewness`."""
    grown = skewness * (transformed - skewness / 6)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.where(grown > -0.5, np.expm1(np.log1p(grown) / 3), np.cbrt(1 + grown) - 1)  # exact for a small one
        return np.where(skewness == 0, transformed, 3 * root / skewness)
