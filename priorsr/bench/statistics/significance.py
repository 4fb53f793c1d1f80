"""Whether two rows differ: a test of their means, a test of the ranks of their faces' differences, and both as one.

The mean is tested as Student's t, with the variance of the faces' differences and, where both rows have several
training seeds, of the seeds' means; the degrees of freedom of that sum are Welch's and Satterthwaite's. The ranks are
tested by Wilcoxon's signed-rank test of the differences of the seeds' averages, in the direction of the mean. The mean
is what a table shows, and a few odd faces can move it; the ranks know nothing of seeds. So two rows are told apart only
where both tests tell them apart: the p-value of a pair is the larger one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from priorsr.bench.statistics.samples import (
    BATCH_VALUES,
    Sample,
    by_image,
    error_of_means,
    mean_difference,
    several_seeds,
)
from priorsr.files import require_extra

ALPHA = 0.05
POWER = 0.8


@dataclass(frozen=True)
class Pair:
    """What is found of two rows, ours - theirs.

    mean: of the differences. error, freedom: its standard error and degrees of freedom; NaN for fewer than two images
        or infinite values, where the ranks alone decide.
    p_mean, p_ranks: of the two tests, two-sided; p_mean is NaN where there is no error.
    over_seeds: whether the error is over seeds and images; over images alone it speaks of these checkpoints.
    """

    mean: float
    error: float
    freedom: float
    p_mean: float
    p_ranks: float
    over_seeds: bool

    @property
    def p(self) -> float:
        """The pair's p-value: the larger of the two."""
        return self.p_ranks if np.isnan(self.p_mean) else max(self.p_mean, self.p_ranks)

    @property
    def smallest(self) -> float:
        """The smallest difference that such a pair shows with a power of 80 %, NaN where there is no error.

        (t(1 - alpha / 2) + t(power)) * error, with t the quantiles of Student's distribution at the error's degrees of
        freedom: what the true difference must be, so that the test of the means finds it in four of five such samples.
        With two or three seeds the error itself is hardly known, and it is found in three of five to three of four.
        """
        from scipy.stats import t

        return float((t.ppf(1 - ALPHA / 2, self.freedom) + t.ppf(POWER, self.freedom)) * self.error)


def compare_samples(pairs: Sequence[tuple[Sample, Sample]]) -> list[Pair]:
    """Test each pair (ours, theirs), whose samples are of the same images."""
    require_extra("scipy", "bench")
    at_once = max(1, BATCH_VALUES // max((ours.values.shape[1] for ours, _ in pairs), default=1))
    return [pair for start in range(0, len(pairs), at_once) for pair in _compare_few(pairs[start : start + at_once])]


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm, 1979): where nothing differs, any is below 0.05 in 5 % of tables."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, largest = [0.0] * len(p_values), 0.0
    for done, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - done) * p_values[place]))
        corrected[place] = largest
    return corrected


def _compare_few(pairs: Sequence[tuple[Sample, Sample]]) -> list[Pair]:
    differences = np.array([by_image(ours, theirs) for ours, theirs in pairs])
    means = mean_difference(differences)
    ranks = _p_of_ranks(np.where(means < 0, -1.0, 1.0)[:, None] * differences)
    ranks[(means == 0) & np.isinf(differences).any(axis=1)] = 1.0  # no mean, in whose direction ranks are tested
    return [
        _pair(*pair, difference, float(mean), float(p))
        for pair, difference, mean, p in zip(pairs, differences, means, ranks, strict=True)
    ]


def _pair(ours: Sample, theirs: Sample, differences: np.ndarray, mean: float, p_ranks: float) -> Pair:
    from scipy.stats import t

    over_seeds = several_seeds(ours, theirs)
    error, freedom = error_of_means([differences, *_seed_means(ours, theirs)] if over_seeds else [differences])
    if np.isnan(error):
        p_mean = np.nan
    elif error == 0:
        p_mean = float(mean == 0)
    else:
        p_mean = float(2 * t.sf(abs(mean) / error, freedom))
    return Pair(mean, error, freedom, p_mean, p_ranks, over_seeds)


def _seed_means(*samples: Sample) -> list[np.ndarray]:
    return [sample.values.mean(axis=1) for sample in samples if sample.trained]


def _p_of_ranks(differences: np.ndarray) -> np.ndarray:
    """Wilcoxon's p-values of differences (pairs, images) whose means are not negative, twice the one-sided ones.

    All that have neither zeros nor ties at once, since SciPy chooses between its exact and its asymptotic form by the
    whole of what it is given.
    """
    from scipy.stats import wilcoxon

    sizes = np.sort(np.abs(differences), axis=1)
    plain = (sizes[:, 0] > 0) & (sizes[:, 1:] > sizes[:, :-1]).all(axis=1)
    p_values = np.ones(len(differences))
    if plain.any():
        p_values[plain] = wilcoxon(differences[plain], axis=1, alternative="greater").pvalue
    for place in np.flatnonzero(~plain & (sizes[:, -1] > 0)):
        p_values[place] = wilcoxon(differences[place], alternative="greater").pvalue
    return np.minimum(1.0, 2 * p_values)
