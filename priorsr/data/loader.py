"""Batches of faces, for training and for scoring."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from priorsr.containers import Batch
from priorsr.data.arrays import Decoded, Streamed
from priorsr.data.augmentation import Augmentation, Faces
from priorsr.data.face_set import FaceSet, split_path
from priorsr.data.order import Order, check_draws
from priorsr.data.reduction import USUAL, Reduction
from priorsr.errors import DataError, OptionError


class FaceLoader:
    """Batches of a split's faces: HR, LR made from it, and the priors.

    Every face is decoded once, when the loader is made (but see `keep`), to arrays of bytes: in memory, or, for a
    split of more than 2 GiB, in files under PRIORSR_CACHE (or ~/.cache/priorsr) that later loaders find again. A
    batch is then gathered and augmented as a whole, which takes milliseconds: no worker processes are needed.

    reduction: how LR is made of HR, always rounded to 8 bits; with its `hr_size` None, all images must be as the first.
    flip, quarter_turns, zoom: see `priorsr.data.augmentation.Augmentation`.
    seed: of order and augmentation. shard: (rank, world), which part of every batch of batch_size * world faces is
        this process's.
    priors: "parsing", "landmarks", both or none; by default those that every face of the split has.
    keep: if false, faces are decoded on each request, and no pixels are kept: for a single pass.

    Raises UnknownNameError, OptionError, ShapeError, or DataError naming the file, also one that has changed since the
    set was made.
    """

    def __init__(
        self,
        face_set: FaceSet,
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
        keep: bool = True,
    ) -> None:
        check_draws(batch_size, seed, shard)
        self.face_set, self.split, self.batch_size, self.seed = face_set, split, batch_size, seed
        self.reduction = replace(reduction, quantise=True)
        self.ids = face_set.ids(split)
        face_set.content(split_path(split))  # raises if the list of ids has changed since the set was made
        self._rank, self._world = shard
        self._augmentation = Augmentation(flip, quarter_turns, zoom)
        self._order = Order([len(self.ids)], seed)
        self.priors = choose_priors(face_set, split, priors)
        self._pixels = (Decoded if keep else Streamed)(
            face_set, split, reduction=self.reduction, parsing="parsing" in self.priors
        )
        self.check_augmentation(self._augmentation)
        self._places = {face: place for place, face in enumerate(self.ids)}
        self._landmarks, self._valid = self._stack_landmarks()

    @property
    def name(self) -> str:
        """Return the name of the data in messages."""
        return str(self.face_set.path)

    @property
    def size(self) -> tuple[int, int]:
        """Return the height and width of the HR images."""
        height, width = self._pixels.size
        return height, width

    @property
    def count(self) -> int:
        """Return the number of faces of the split."""
        return len(self.ids)

    @property
    def label_map_name(self) -> str:
        """Return the name of the parsing maps' label map."""
        return self.face_set.label_map.name

    @property
    def landmark_scheme_name(self) -> str:
        """Return the name of the landmarks' scheme."""
        return self.face_set.landmark_scheme.name

    def check_augmentation(self, augmentation: Augmentation) -> None:
        """Raise OptionError if the augmentation does not suit the faces with the loaded priors."""
        augmentation.check(self.name, self.face_set.landmark_scheme, self.priors, self.size)

    @property
    def steps_per_epoch(self) -> int:
        """Return the number of batches in an epoch, of all processes together."""
        return -(-len(self.ids) // (self.batch_size * self._world))

    def batch(self, step: int) -> Batch:
        """Return the training batch of a step, counted from 0 without an end.

        The batch is a function of the seed and the step only. Each epoch is a new permutation of the faces; see
        `priorsr.data.order.Order`.
        """
        epoch, step_in_epoch = divmod(step, self.steps_per_epoch)
        whole = self.batch_size * self._world
        start = epoch * len(self.ids) + step_in_epoch * whole + self._rank * self.batch_size
        places = [place for _, place in self._order.faces(start, self.batch_size)]
        faces = self.take(places)
        draws = self._augmentation.draw(self.batch_size, (self.seed, step), (self._rank, self._world))
        self._augmentation.apply(faces, self.reduction, draws)
        return faces.batch()

    def __iter__(self) -> Iterator[Batch]:
        """Yield every face once, see `in_order`."""
        return self.in_order()

    def in_order(self) -> Iterator[Batch]:
        """Yield every face once, in the order of the ids and unchanged; the last batch may be short.

        With several processes, each takes every world-th batch, so batches do not depend on the number of processes.
        """
        for start in range(self._rank * self.batch_size, len(self.ids), self.batch_size * self._world):
            places = list(range(start, min(start + self.batch_size, len(self.ids))))
            yield self.take(places).batch()

    def faces(self, ids: Sequence[str]) -> Batch:
        """Return the faces with these ids, as they are; raises DataError for one that is not in the split."""
        for face in ids:
            if face not in self._places:
                raise DataError(f"{self.face_set.path}: there is no face {face!r} in the split {self.split!r}")
        places = [self._places[face] for face in ids]
        return self.take(places).batch()

    def _stack_landmarks(self) -> tuple[Tensor | None, Tensor | None]:
        if "landmarks" not in self.priors:
            return None, None
        points = [found for face in self.ids if (found := self.face_set.landmarks(face))]
        landmarks, valid = (torch.from_numpy(np.stack(part)) for part in zip(*points, strict=True))
        return landmarks, valid

    def take(self, places: Sequence[int]) -> Faces:
        """Return copies of the faces at these places in the order of the ids."""
        hr, lr, parsing = self._pixels.take(places)
        landmarks, valid = (None if part is None else part[places] for part in (self._landmarks, self._valid))
        ids = tuple(self.ids[place] for place in places)
        return Faces(ids, hr, lr, parsing, landmarks, valid, self.face_set.label_map)


def choose_priors(face_set: FaceSet, split: str, asked: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the requested priors, or, with None, those that every face of the split has."""
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
