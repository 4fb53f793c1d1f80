"""Batches of faces, for training and for scoring."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from priorsr.data.arrays import Decoded, Streamed
from priorsr.data.augmentation import Faces
from priorsr.data.face_set import FaceSet, split_path
from priorsr.errors import DataError, OptionError
from priorsr.types import Batch, Prior

ORDER, AUGMENTATION = 0, 1  # streams of random numbers


class FaceLoader:
    """Batches of a split's faces: HR, LR made from it, and what priors there are.

    Every face is decoded once, when the loader is made (but see `keep`), to arrays of bytes: in memory, or, for a
    split of more than 2 GiB, in files under PRIORSR_CACHE (or ~/.cache/priorsr) that later loaders find again. A
    batch is then gathered and augmented as a whole, which takes milliseconds: no worker processes are needed.

    reduction, scale: see `priorsr.data.reduction`; LR is rounded to 8 bits.
    flip: mirror half of the faces at random, with classes and landmarks changing sides. quarter_turns: turn each by 0
        to 3 right angles at random. LR is mirrored and turned with HR, not made anew.
    seed: of order and augmentation. shard: (rank, world), which part of every batch of batch_size * world faces is
        this process's.
    priors: "parsing", "landmarks", both or none; where it is not given, those that every face of the split has.
    size: the HR size that is expected; where it is not given, the first image's.
    keep: where it is false, faces are decoded whenever they are asked for, and no pixels are kept: for a single pass.

    Raises UnknownNameError, OptionError, ShapeError, or DataError naming the file, also one that has changed since the
    set was made.
    """

    def __init__(
        self,
        face_set: FaceSet,
        split: str,
        *,
        batch_size: int,
        reduction: str = "pil-bicubic",
        scale: int = 8,
        seed: int = 0,
        flip: bool = False,
        quarter_turns: bool = False,
        shard: tuple[int, int] = (0, 1),
        priors: tuple[str, ...] | None = None,
        size: int | None = None,
        keep: bool = True,
    ) -> None:
        if batch_size < 1 or seed < 0 or not 0 <= shard[0] < shard[1]:
            raise OptionError(
                f"faces were asked for with batch_size={batch_size}, seed={seed} and shard={shard}; "
                "at least 1, at least 0, and (rank, world) with rank from 0 to world - 1 were expected"
            )
        self.face_set, self.split, self.batch_size, self.seed = face_set, split, batch_size, seed
        self.reduction, self.scale = reduction, scale
        self.ids = face_set.ids(split)
        face_set.content(split_path(split))  # raises if the list of ids has changed since the set was made
        self._rank, self._world = shard
        self._flip, self._turn = flip, quarter_turns
        self.priors = _choose_priors(face_set, split, priors)
        if flip and "landmarks" in self.priors and not face_set.landmark_scheme.flip:
            raise OptionError(
                f"{face_set.path}: its landmarks ({face_set.landmark_scheme.name}) cannot be mirrored, since no source "
                "tells which points change places; flip=False or priors without landmarks were expected"
            )
        self._pixels = (Decoded if keep else Streamed)(
            face_set, split, size=size, reduction=reduction, scale=scale, parsing="parsing" in self.priors
        )
        height, width = self._pixels.size
        if quarter_turns and height != width:
            raise OptionError(f"{face_set.path}: its faces are {height} x {width}; quarter_turns need square ones")
        self._places = {face: place for place, face in enumerate(self.ids)}
        self._landmarks, self._valid = self._stack_landmarks()

    @property
    def steps_per_epoch(self) -> int:
        """How many batches it takes until every face was seen, by all processes together."""
        return -(-len(self.ids) // (self.batch_size * self._world))

    def batch(self, step: int) -> Batch:
        """The training batch of a step, counted from 0 and without end; a function of the seed and the step alone.

        Every epoch is a new permutation of the faces. Its last batch is filled up with the first faces of the next one,
        so that all batches are of one size and no face is left out.
        """
        epoch, step_in_epoch = divmod(step, self.steps_per_epoch)
        whole = self.batch_size * self._world
        mine = np.arange(self._rank * self.batch_size, (self._rank + 1) * self.batch_size)
        places = [
            _permutation(self.seed, epoch + ahead, len(self.ids))[place]
            for ahead, place in zip(*divmod(step_in_epoch * whole + mine, len(self.ids)), strict=True)
        ]
        draws = np.random.default_rng([self.seed, AUGMENTATION, step])
        mirrored, turns = draws.random(whole) < 0.5, draws.integers(0, 4, whole)
        faces = self._gather(places)
        if self._flip:
            faces.flip(mirrored[mine], self.face_set.label_map)
        if self._turn:
            for quarters in (1, 2, 3):
                faces.turn(turns[mine] == quarters, quarters)
        return self._finish(faces, places)

    def in_order(self) -> Iterator[Batch]:
        """Every face once, in the order of the ids, as it is; the last batch may be short.

        With several processes, each takes every world-th batch, so batches hold the same faces however many there are.
        """
        for start in range(self._rank * self.batch_size, len(self.ids), self.batch_size * self._world):
            places = list(range(start, min(start + self.batch_size, len(self.ids))))
            yield self._finish(self._gather(places), places)

    def faces(self, ids: Sequence[str]) -> Batch:
        """The faces with these ids, as they are; raises DataError for one that is not in the split."""
        for face in ids:
            if face not in self._places:
                raise DataError(f"{self.face_set.path}: there is no face {face!r} in the split {self.split!r}")
        places = [self._places[face] for face in ids]
        return self._finish(self._gather(places), places)

    def _stack_landmarks(self) -> tuple[Tensor | None, Tensor | None]:
        if "landmarks" not in self.priors:
            return None, None
        points = [found for face in self.ids if (found := self.face_set.landmarks(face))]
        landmarks, valid = (torch.from_numpy(np.stack(part)) for part in zip(*points, strict=True))
        return landmarks, valid

    def _gather(self, places: Sequence[int]) -> Faces:
        """Copies of the faces at these places."""
        hr, lr, parsing = self._pixels.take(places)
        landmarks, valid = (None if part is None else part[places] for part in (self._landmarks, self._valid))
        return Faces(hr, lr, parsing, landmarks, valid)

    def _finish(self, faces: Faces, places: Sequence[int]) -> Batch:
        parsing = None
        if faces.parsing is not None:
            classes = np.arange(len(self.face_set.label_map.classes), dtype=np.uint8)
            one_hot = faces.parsing[:, None] == classes[:, None, None]  # (B,P,H,W)
            parsing = torch.from_numpy(one_hot.astype(np.float32))
        lr, hr = (torch.from_numpy(pixels / np.float32(255)) for pixels in (faces.lr, faces.hr))
        prior = Prior(parsing, faces.landmarks, faces.valid)
        return Batch(lr, hr, prior, tuple(self.ids[place] for place in places))


def _choose_priors(face_set: FaceSet, split: str, asked: tuple[str, ...] | None) -> tuple[str, ...]:
    ids = face_set.ids(split)
    has: dict[str, Callable[[str], bool]] = {
        "parsing": face_set.has_parsing_of,
        "landmarks": lambda face: face_set.landmarks(face) is not None,
    }
    for name in asked or ():
        if name not in has:
            raise OptionError(f"the prior {name!r} was asked for; {' or '.join(has)} was expected")
    chosen = []
    for name in has if asked is None else asked:
        lacking = [face for face in ids if not has[name](face)]
        if not lacking:
            chosen.append(name)
        elif asked is not None:
            raise DataError(f"{face_set.path}: {name} was asked for, but {lacking[0]!r} in {split} has none")
        elif len(lacking) < len(ids):
            problem = f"{len(lacking)} faces of {split} have no {name}, so it is not loaded for any"
            warnings.warn(f"{face_set.path}: {problem}", stacklevel=3)
    return tuple(chosen)


@lru_cache(maxsize=8)
def _permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, ORDER, epoch]).permutation(count)
