"""Rows as samples of scores, and their differences, paired by image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from priorsr.errors import PriorsrError

Run = Mapping[str, float]
"""A score of one trained model, by image id."""


class Sample(NamedTuple):
    """A row's scores: values (seeds, images), the images in one order for all rows.

    trained: whether the row was trained, so that other seeds are possible; bicubic was not.
    """

    values: np.ndarray
    trained: bool = True


def make_samples(rows: Sequence[Sequence[Run]]) -> list[Sample]:
    """Return the sample of each row, given its runs, one a training seed; images are in the order of their ids.

    Raises PriorsrError unless all runs of all rows have the same images.
    """
    first = rows[0][0]
    for run in (run for runs in rows for run in runs):
        if run.keys() != first.keys():
            odd = sorted(run.keys() ^ first.keys())[0]
            raise PriorsrError(f"the image {odd!r} is scored in some runs only; the same images were expected")
    images = sorted(first)
    return [Sample(np.array([[run[image] for image in images] for run in runs])) for runs in rows]


def several_seeds(*samples: Sample) -> bool:
    """Return whether the samples stand for methods: each has several seeds or none to have, and one of them has
    several.
    """
    trained = [sample for sample in samples if sample.trained]
    return bool(trained) and min(len(sample.values) for sample in trained) > 1


def paired_differences(ours: Sample, theirs: Sample) -> np.ndarray:
    """Return the differences ours - theirs (images,) of the averages over seeds; 0 where both are infinite."""
    a, b = ours.values.mean(axis=0), theirs.values.mean(axis=0)
    with np.errstate(invalid="ignore"):
        return np.where(a == b, 0.0, a - b)


def mean_difference(differences: np.ndarray) -> float:
    """Return the mean of differences (images,).

    If some are ∞ and others -∞, both means are infinite, and their difference is 0, as for two infinite scores.
    """
    with np.errstate(invalid="ignore"):
        mean = float(differences.mean())
    return 0.0 if np.isnan(mean) else mean
