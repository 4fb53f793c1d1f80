"""The order in which training sees faces, of one set or of several."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from priorsr.errors import OptionError

ORDER, AUGMENTATION = 0, 1  # streams of random numbers


def check_draws(batch_size: int, seed: int, shard: tuple[int, int]) -> None:
    """Raise OptionError for a batch, a seed, or a process's share (rank, world) of batches that there cannot be."""
    if batch_size < 1 or seed < 0 or not 0 <= shard[0] < shard[1]:
        raise OptionError(
            f"faces were asked for with batch_size={batch_size}, seed={seed} and shard={shard}; "
            "at least 1, at least 0, and (rank, world) with rank from 0 to world - 1 were expected"
        )


class Order:
    """The faces of every training step, a function of the seed and the step alone.

    counts: the number of faces of each set. weights: how often a face of each set is drawn, relative to a face of a set
    of weight 1.

    An epoch draws round(weight * count) faces of each set, mixed by a permutation of its own. The first faces of
    the next epoch fill its last batch, so all batches have one size and no face is left out. A set of weight 1 is seen
    once in each epoch, of weight 2 twice, of weight 0.5 in every second epoch.
    """

    def __init__(self, counts: Sequence[int], seed: int, weights: Sequence[float] | None = None) -> None:
        self._counts, self._seed = tuple(counts), seed
        drawn = [max(1, round(w * n)) for n, w in zip(counts, weights or [1.0] * len(counts), strict=True)]
        self._ends = np.cumsum(drawn)

    @property
    def faces_per_epoch(self) -> int:
        """Return the number of faces that an epoch draws."""
        return int(self._ends[-1])

    def faces(self, start: int, count: int) -> list[tuple[int, int]]:
        """Return the faces drawn from the number `start` on, each as (set, place in the set)."""
        return [self._face(*divmod(number, self.faces_per_epoch)) for number in range(start, start + count)]

    def _face(self, epoch: int, number: int) -> tuple[int, int]:
        slot = int(_permutation(self._seed, epoch, self.faces_per_epoch)[number])
        which = int(np.searchsorted(self._ends, slot, side="right"))
        begin = int(self._ends[which - 1]) if which else 0
        drawn = int(self._ends[which]) - begin
        return which, (epoch * drawn + slot - begin) % self._counts[which]


@lru_cache(maxsize=8)
def _permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, ORDER, epoch]).permutation(count)
