"""Batches of faces from shards, for training and for validation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

import numpy as np
import torch

from priorsr.containers import Batch
from priorsr.data.augmentation import Augmentation, Faces
from priorsr.data.face_set import LoadedFace
from priorsr.data.order import check_draws
from priorsr.data.reduction import USUAL, Reduction
from priorsr.data.shards.broken_faces import BrokenFace, BrokenFaces
from priorsr.data.shards.chunk_reading import Chunk, ChunkReader
from priorsr.data.shards.shard_order import Drawn, ShardOrder
from priorsr.data.shards.shard_set import ShardSet, choose_priors
from priorsr.errors import DataError

TRIED = 100  # chunks in which a whole face is looked for


class ShardLoader:
    """Batches of a split in shards: HR, LR made from it, and the priors. It is used like `FaceLoader`.

    Faces are decoded when they are asked for. In memory are the chunks that the lanes of `ShardOrder` are in: about 64,
    or as many as a batch has faces, whatever the number of faces in the split.

    batch_size, reduction, seed, flip, quarter_turns, zoom, shard, priors: as `FaceLoader` takes them.
    broken: where faces that cannot be read are counted; BrokenFaces("stop") ends loading at the first, by a DataError
        that names the shard and the member. Otherwise the next whole face of the split stands in for it, and
        `in_order` leaves it out.

    Raises OptionError, UnknownNameError, ShapeError, and DataError, also if no face can be read any more.
    """

    def __init__(
        self,
        shards: ShardSet,
        split: str,
        *,
        batch_size: int,
        reduction: Reduction = USUAL,
        seed: int = 0,
        flip: bool = False,
        quarter_turns: bool = False,
        zoom: float = 1.0,
        shard: tuple[int, int] = (0, 1),
        priors: tuple[str, ...] | None = None,
        broken: BrokenFaces | None = None,
    ) -> None:
        check_draws(batch_size, seed, shard)
        self.shards, self.split, self.batch_size, self.seed = shards, split, batch_size, seed
        self.reduction = replace(reduction, quantise=True)
        self.priors = choose_priors(shards, split, priors)
        self.broken = BrokenFaces() if broken is None else broken
        self._rank, self._world = shard
        self._reader = ChunkReader(shards, split, self.priors)
        self._order = ShardOrder(self._reader.counts, batch_size * shard[1], seed)
        self._augmentation = Augmentation(flip, quarter_turns, zoom)
        self._held: dict[int, dict[int, Chunk]] = {}  # by lane
        self._lock = Lock()
        size = reduction.hr_size
        if size and self.size != (size, size):
            raise DataError(f"{self.name}: is {self.size[0]} x {self.size[1]}; {size} x {size} was expected")
        self.reduction.reduce(np.zeros((*self.size, 3), dtype=np.uint8))  # raises for a scale that does not divide it
        self.check_augmentation(self._augmentation)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lock": None, "_held": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= {**state, "_lock": Lock()}

    @property
    def name(self) -> str:
        """Return how messages name the data."""
        return self.shards.path

    @property
    def size(self) -> tuple[int, int]:
        """Return the height and width of the HR images."""
        return self.shards.index.image_size

    @property
    def count(self) -> int:
        """Return the number of faces of the split."""
        return self.shards.split(self.split).faces

    def check_augmentation(self, augmentation: Augmentation) -> None:
        """Raise OptionError where the faces cannot be changed so, with the priors that are loaded."""
        augmentation.check(self.name, self.shards.form.landmark_scheme, self.priors, self.size)

    @property
    def steps_per_epoch(self) -> int:
        """Return how many batches it takes until every face was seen, by all processes together."""
        return self._order.steps_per_epoch

    def batch(self, step: int) -> Batch:
        """Return the training batch of a step, counted from 0 and without end.

        The batch is a function of the seed, the step and the files alone, so training continues anywhere; and the batch
        of all processes together does not depend on their number. Steps are best asked for in their order, or in every
        second, fourth or eighth, since chunks are kept until their lane leaves them.
        """
        start = self._rank * self.batch_size
        with self._lock:
            loaded = [self._whole(face) for face in self._order.faces(step, start, start + self.batch_size)]
        faces = self._stacked(loaded)
        draws = self._augmentation.draw(self.batch_size, (self.seed, step), (self._rank, self._world))
        self._augmentation.apply(faces, self.reduction, draws)
        return faces.batch()

    def __iter__(self) -> Iterator[Batch]:
        """Yield every face once, see `in_order`."""
        return self.in_order()

    def in_order(self) -> Iterator[Batch]:
        """Yield every whole face once, in the order of the shards and unchanged; the last batch may be short.

        With several processes, each takes every world-th batch, so batches do not depend on the number of processes.
        """
        ready: list[LoadedFace] = []
        turn = 0
        for number in range(len(self._reader.counts)):
            chunk = self._reader.read(number)
            for place in range(chunk.faces):
                face = self._reader.face(chunk, place)
                if isinstance(face, BrokenFace):
                    self.broken.add([face])
                    continue
                ready.append(face)
                if len(ready) == self.batch_size:
                    if turn % self._world == self._rank:
                        yield self._stacked(ready).batch()
                    turn, ready = turn + 1, []
        if ready and turn % self._world == self._rank:
            yield self._stacked(ready).batch()
        self.broken.warn()

    def _whole(self, drawn: Drawn) -> LoadedFace:
        """Return a face; of one that cannot be read, the next one that can."""
        before = self._held.get(drawn.lane, {})
        held = self._held[drawn.lane] = {}  # the chunks that the lane has left are forgotten
        chunks = len(self._reader.counts)
        for tried in range(min(chunks, TRIED)):
            number = (drawn.chunk + tried) % chunks
            chunk = held[number] = before.get(number) or self._reader.read(number)
            first = drawn.place if tried == 0 else 0
            for place in range(chunk.faces):
                face = self._reader.face(chunk, (first + place) % chunk.faces)
                if not isinstance(face, BrokenFace):
                    return face
                self.broken.add([face])
        raise DataError(f"{self.name}: no face can be read any more: {self.broken.report()}")

    def _stacked(self, loaded: Sequence[LoadedFace]) -> Faces:
        hr = np.stack([face.image.transpose(2, 0, 1) for face in loaded])
        lr = np.stack([self.reduction.reduce(face.image, face=face.id).transpose(2, 0, 1) for face in loaded])
        parsing = [face.parsing for face in loaded if face.parsing is not None and "parsing" in self.priors]
        points = [face.landmarks for face in loaded if face.landmarks is not None and "landmarks" in self.priors]
        landmarks, valid = (
            (torch.from_numpy(np.stack(part)) for part in zip(*points, strict=True)) if points else (None, None)
        )
        ids = tuple(face.id for face in loaded)
        return Faces(ids, hr, lr, np.stack(parsing) if parsing else None, landmarks, valid, self.shards.form.label_map)
