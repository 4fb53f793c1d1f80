"""The order in which training sees the faces of shards, such that processes and workers read different chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from priorsr.data.order import ORDER

GROUPS = 8  # of steps: as many workers read different chunks
PARTS = 8  # of a batch, at least: as many processes read different chunks
FACES = 8  # of a large batch, at most, from one lane


class Drawn(NamedTuple):
    """A face of a step: the lane that it comes from, its chunk in the split, and its place there."""

    lane: int
    chunk: int
    place: int


class ShardOrder:
    """The faces of every training step, a function of the seed and the step alone.

    counts: the number of faces of each chunk. batch: the number of faces of a step, over all processes.

    In every epoch, the chunks are permuted, and the faces in each. This sequence is cut into lanes, of which each
    serves one part of the batches of every eighth step: a chunk is in memory for as long as its lane is inside it, and
    processes (parts of a batch) and workers (steps) have lanes of their own. The first faces of an epoch fill its last
    batch, so all batches have one size and no face is left out.
    """

    def __init__(self, counts: Sequence[int], batch: int, seed: int) -> None:
        self._counts = np.asarray(counts, dtype=np.int64)
        self._batch, self._seed = batch, seed
        self._faces = int(self._counts.sum())
        parts = max(min(batch, PARTS), batch // FACES)
        self._begins = [-(-part * batch // parts) for part in range(parts + 1)]  # of the parts of a batch
        self._epoch = lru_cache(maxsize=2)(self._permuted)
        self._chunk = lru_cache(maxsize=4096)(self._permuted_chunk)

    def __getstate__(self) -> tuple[list[int], int, int]:
        return self._counts.tolist(), self._batch, self._seed

    def __setstate__(self, state: tuple[list[int], int, int]) -> None:
        self.__init__(*state)  # type: ignore[misc]  # without the permutations

    @property
    def steps_per_epoch(self) -> int:
        """Return how many batches it takes until every face was seen."""
        return -(-self._faces // self._batch)

    def faces(self, step: int, start: int, end: int) -> Iterator[Drawn]:
        """Yield the faces from place `start` to before `end` of a step's batch."""
        epoch, within = divmod(step, self.steps_per_epoch)
        chunks, ends = self._epoch(epoch)
        for lane, position in self._positions(step, within, start, end):
            place = int(np.searchsorted(ends, position, side="right"))
            chunk = int(chunks[place])
            inside = position - int(ends[place]) + int(self._counts[chunk])
            yield Drawn(lane, chunk, int(self._chunk(epoch, chunk)[inside]))

    def _positions(self, step: int, within: int, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the lanes of a step's faces, and their positions in the epoch's sequence."""
        steps = self.steps_per_epoch
        first = step - within  # of the epoch
        group = step % GROUPS
        sizes = [len(range((other - first) % GROUPS, steps, GROUPS)) for other in range(GROUPS)]  # steps of each
        before = self._batch * sum(sizes[:group])
        part = int(np.searchsorted(self._begins, start, side="right")) - 1
        for place in range(start, end):
            while place >= self._begins[part + 1]:
                part += 1
            begin, width = self._begins[part], self._begins[part + 1] - self._begins[part]
            lane_begin = before + sizes[group] * begin
            position = lane_begin + (within // GROUPS) * width + place - begin
            yield group * (len(self._begins) - 1) + part, position % self._faces

    def _permuted(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the chunks of an epoch in their order, and where each ends in the sequence of faces."""
        chunks = np.random.default_rng([self._seed, ORDER, epoch]).permutation(len(self._counts))
        return chunks, np.cumsum(self._counts[chunks])

    def _permuted_chunk(self, epoch: int, chunk: int) -> np.ndarray:
        return np.random.default_rng([self._seed, ORDER, epoch, chunk]).permutation(int(self._counts[chunk]))
