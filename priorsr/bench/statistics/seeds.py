"""Intervals for methods that were trained with several seeds, and for the difference of two of them.

The bootstrap has two levels: seeds and images are resampled, each by itself, and images are the same for all seeds
(Owen, "The pigeonhole bootstrap", 2007). A few seeds vary less than the many that might
have been drawn, so plain resampling promises too much. So the distances of the seeds' means from their common mean are
stretched first, to the width that Student's interval has for that many seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from priorsr.bench.statistics.bootstrap import RESAMPLES, Difference, Scope, mean_interval
from priorsr.bench.statistics.samples import (
    BATCH_VALUES,
    Sample,
    by_image,
    error_of_means,
    mean_difference,
    several_seeds,
)
from priorsr.errors import PriorsrError
from priorsr.files import require_extra

Run = Mapping[str, float]
"""A score of one trained model, by image id."""


class Estimate(NamedTuple):
    """A mean over seeds and images; no interval for one image or infinite values."""

    mean: float
    interval95: tuple[float, float] | None
    over: Scope


def over_seeds(runs: Sequence[Run], seed: int = 0) -> Estimate:
    """The mean of a score over a method's runs, one a training seed, with its 95 % interval.

    With one run the interval is over images alone. Raises PriorsrError unless all runs are of the same images.
    """
    (values,) = _matrices(runs)
    if len(values) == 1:
        return Estimate(float(values.mean()), mean_interval(values[0], seed), "images")
    (interval,) = _intervals([_stretched([values])], seed)
    return Estimate(float(values.mean()), interval, "seeds and images")


def difference_over_seeds(ours: Sequence[Run], theirs: Sequence[Run], seed: int = 0) -> Difference:
    """The difference ours - theirs of two methods' means: images are resampled jointly, each method's seeds apart.

    With one run of either, the interval is over images alone, and speaks of these checkpoints. Raises PriorsrError
    unless all runs are of the same images.
    """
    a, b = map(Sample, _matrices(ours, theirs))
    differences = by_image(a, b)
    mean = float(mean_difference(differences))
    if not several_seeds(a, b):
        return Difference(mean, mean_interval(differences, seed), "images")
    (interval,) = sample_intervals([(a, b)], seed)
    return Difference(mean, interval, "seeds and images")


def _matrices(*methods: Sequence[Run]) -> Iterator[np.ndarray]:
    """Each method's scores (seeds, images), the images in one order for all."""
    images = sorted(methods[0][0])
    for runs in methods:
        for run in runs:
            if run.keys() != methods[0][0].keys():
                odd = sorted(run.keys() ^ methods[0][0].keys())[0]
                raise PriorsrError(f"the image {odd!r} is scored in some runs only; the same images were expected")
        yield np.array([[run[image] for image in images] for run in runs])


def sample_intervals(pairs: Sequence[tuple[Sample, Sample]], seed: int = 0) -> list[tuple[float, float] | None]:
    """The 95 % intervals of the differences ours - theirs of many pairs, of the same images all.

    As `difference_over_seeds`, but one resampling of the images serves all pairs. A row without training has no seeds
    to resample. None for a pair with fewer than two images or an infinite value.
    """
    return _intervals([_terms(*pair) for pair in pairs], seed)


def _terms(ours: Sample, theirs: Sample) -> list[np.ndarray]:
    """What a difference is the sum of, (seeds, images) each: over images alone, the differences of the averages."""
    if not several_seeds(ours, theirs):
        return [by_image(ours, theirs)[None]]
    signed = [(ours.trained, ours.values), (theirs.trained, -theirs.values)]
    seeded = [term for trained, term in signed if trained]
    return [*_stretched(seeded), *(term for trained, term in signed if not trained)]


def _intervals(sums: Sequence[Sequence[np.ndarray]], seed: int) -> list[tuple[float, float] | None]:
    """The 95 % intervals of sums of means of terms (seeds, images), stretched before; None where there is none."""
    usable = [place for place, terms in enumerate(sums) if all(np.isfinite(term).all() for term in terms)]
    images = sums[0][0].shape[1] if sums else 0
    if images < 2 or not usable:
        return [None] * len(sums)
    rng = np.random.default_rng(seed)
    batch = max(1, BATCH_VALUES // images)
    drawn: list[list[np.ndarray]] = [[] for _ in sums]
    for start in range(0, RESAMPLES, batch):
        draws = min(batch, RESAMPLES - start)
        of_images = rng.multinomial(images, np.full(images, 1 / images), draws) / images  # (draws, images): weights
        for place in usable:
            total = np.zeros(draws)
            for term in sums[place]:
                seeds = len(term)
                of_seeds = rng.multinomial(seeds, np.full(seeds, 1 / seeds), draws) / seeds
                total += (of_seeds * (of_images @ term.T)).sum(1)
            drawn[place].append(total)
    intervals: list[tuple[float, float] | None] = [None] * len(sums)
    for place in usable:
        low, high = np.quantile(np.concatenate(drawn[place]), (0.025, 0.975))
        intervals[place] = float(low), float(high)
    return intervals


def _stretched(terms: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The terms with their seeds' means moved apart, so that resampling them gives the width of Student's interval.

    Resampling n seeds gives a variance that is (n - 1) / n of the unbiased one, and normal tails. Terms whose seeds
    agree, or with an infinite value, are left as they are.
    """
    require_extra("scipy", "bench")
    from scipy.stats import norm, t

    error, freedom = error_of_means([term.mean(1) for term in terms])
    if not error > 0:
        return list(terms)
    tails = t.ppf(0.975, freedom) / norm.ppf(0.975)
    factors = [tails * np.sqrt(len(term) / (len(term) - 1)) for term in terms]
    return [
        term + (factor - 1) * (term.mean(1, keepdims=True) - term.mean())
        for factor, term in zip(factors, terms, strict=True)
    ]
