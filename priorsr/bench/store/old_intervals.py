"""Intervals of records of format 1, and of the first of format 2: percentile bootstraps, checked and never shown."""

from __future__ import annotations

from collections.abc import Iterable
from math import isclose

import numpy as np

from priorsr.bench.store.records import Record
from priorsr.bench.store.score_facts import BootstrapStatistics
from priorsr.errors import DataError

RESAMPLES = 10_000  # of every record of this rule
_VALUES = 4_000_000  # numbers that are drawn at a time: 32 MB
_TOLERANCE = 1e-4  # how much a score may differ between machines, and so the resamples' means


def check_old_intervals(record: Record) -> None:
    """Raise DataError for the first interval of an older rule that the faces' scores do not make.

    Intervals of today's rule are passed over, since reading a record checks them.
    """
    rule = record.statistics
    if not isinstance(rule, BootstrapStatistics):
        return
    if rule.resamples != RESAMPLES or rule.seed < 0:
        raise DataError(
            f"the record {record.id}: statistics are {rule.resamples} resamples of the seed {rule.seed}; {RESAMPLES} "
            "of a seed from 0 were expected"
        )
    for name, score in record.scores.items():
        found = bootstrap_interval((score.per_image[face] for face in sorted(score.per_image)), rule.seed)
        said = score.interval95
        near = said and found and all(isclose(*ends, abs_tol=_TOLERANCE) for ends in zip(said, found, strict=True))
        if not near and said != found:
            raise DataError(
                f"the record {record.id}: scores.{name}.interval95 is {said}, and the faces' scores make it {found}"
            )


def bootstrap_interval(values: Iterable[float], seed: int) -> tuple[float, float] | None:
    """Return the 95 % percentile bootstrap of the mean of values; None for fewer than two, or an infinite one."""
    given = np.array(list(values))
    if len(given) < 2 or not np.isfinite(given).all():
        return None
    generator, batch = np.random.default_rng(seed), max(1, _VALUES // len(given))
    means = [
        given[generator.integers(0, len(given), (min(batch, RESAMPLES - start), len(given)))].mean(axis=1)
        for start in range(0, RESAMPLES, batch)
    ]
    low, high = np.percentile(np.concatenate(means), (2.5, 97.5))
    return float(low), float(high)
