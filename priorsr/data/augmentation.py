"""Mirror, turn and zoom the faces of a batch, as bytes, before they become floating point.

NumPy is faster here: work of this size is done before torch's threads have started.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from priorsr.containers import Batch, Prior
from priorsr.data.order import AUGMENTATION
from priorsr.data.pair_faces import PairFaces
from priorsr.data.reduction import Reduction
from priorsr.errors import OptionError
from priorsr.priors import LabelMap, LandmarkScheme, flip_landmarks, rotate_landmarks


@dataclass
class Faces:
    """A batch of faces. hr: (B,3,H,W), lr: (B,3,h,w), parsing: (B,H,W), all uint8. landmarks: (B,L,2), valid: (B,L).

    labels: the label map of the parsing maps.
    """

    ids: tuple[str, ...]
    hr: np.ndarray
    lr: np.ndarray
    parsing: np.ndarray | None
    landmarks: Tensor | None
    valid: Tensor | None
    labels: LabelMap

    def flip(self, where: np.ndarray) -> None:
        """Mirror the faces at `where` (B) left to right, with their classes and landmarks changing sides."""
        for pixels in (self.hr, self.lr):
            pixels[where] = pixels[where][..., ::-1]
        if self.parsing is not None:
            self.parsing[where] = np.array(self.labels.flip, dtype=np.uint8)[self.parsing[where][..., ::-1]]
        if self.landmarks is not None and self.valid is not None:
            points = flip_landmarks(self.landmarks[where], self.valid[where], self.hr.shape[-1])
            self.landmarks[where], self.valid[where] = points

    def turn(self, where: np.ndarray, quarters: int) -> None:
        """Turn the faces at `where` (B), which are square, counter-clockwise by quarter turns."""
        for pixels in (self.hr, self.lr, self.parsing):
            if pixels is not None:
                pixels[where] = np.rot90(pixels[where], quarters, (-2, -1))
        if self.landmarks is not None and self.valid is not None:
            points = rotate_landmarks(self.landmarks[where], self.valid[where], quarters, self.hr.shape[-1])
            self.landmarks[where], self.valid[where] = points

    def zoom(self, index: int, side: float, right: float, down: float, reduction: Reduction) -> None:
        """Enlarge a window of a face to the whole image, and make LR anew from it.

        side: of the window, as a part of the image's. right, down: its place in the remaining room, from 0 to 1.
        """
        height, width = self.hr.shape[2:]
        x, y = right * (1 - side) * width, down * (1 - side) * height
        box = (x, y, x + side * width, y + side * height)
        image = Image.fromarray(self.hr[index].transpose(1, 2, 0))
        hr = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC, box))
        self.hr[index] = hr.transpose(2, 0, 1)
        self.lr[index] = reduction.reduce(hr, face=self.ids[index]).transpose(2, 0, 1)
        if self.parsing is not None:
            classes = Image.fromarray(self.parsing[index])
            self.parsing[index] = np.asarray(classes.resize((width, height), Image.Resampling.NEAREST, box))
        if self.landmarks is not None and self.valid is not None:
            size = torch.tensor([width, height])
            points = (self.landmarks[index] + 0.5 - torch.tensor([x, y])) / side - 0.5
            inside = self.valid[index] & ((points >= -0.5) & (points <= size - 0.5)).all(-1)
            self.landmarks[index], self.valid[index] = points * inside[:, None], inside

    def batch(self) -> Batch:
        """Return the faces as floating point: images in [0, 1], parsing maps as one-hot probabilities."""
        parsing = None
        if self.parsing is not None:
            classes = np.arange(len(self.labels.classes), dtype=np.uint8)
            one_hot = self.parsing[:, None] == classes[:, None, None]  # (B,P,H,W)
            parsing = torch.from_numpy(one_hot.astype(np.float32))
        lr, hr = (torch.from_numpy(pixels / np.float32(255)) for pixels in (self.lr, self.hr))
        return Batch(lr, hr, Prior(parsing, self.landmarks, self.valid), self.ids)


class Draws(NamedTuple):
    """The random numbers of some faces. mirrored: (B) bool. turns: (B), right angles. windows: (B,4) from 0 to 1."""

    mirrored: np.ndarray
    turns: np.ndarray
    windows: np.ndarray

    def pick(self, places: list[int]) -> Draws:
        """Return those of the faces at these places."""
        return Draws(*(part[places] for part in self))


@dataclass(frozen=True)
class Augmentation:
    """Random changes of training faces, the same for HR, LR and priors of a face.

    flip: mirror half of the faces, with classes and landmarks changing sides.
    quarter_turns: turn each face by 0 to 3 right angles. LR is mirrored and turned with HR, not made anew.
    zoom: enlarge a window of half of the faces to the whole image (bicubic), and make LR anew from it. The window's
        side is 1/zoom to 1 of the image's, its place is random. 1 changes nothing.
    """

    flip: bool = False
    quarter_turns: bool = False
    zoom: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.zoom) and self.zoom >= 1):
            raise OptionError(f"zoom is {self.zoom}; a finite number from 1 was expected")

    def check(self, name: str, scheme: LandmarkScheme, priors: tuple[str, ...], size: tuple[int, int]) -> None:
        """Raise OptionError, beginning with the faces' name, where they cannot be changed so.

        scheme: of their landmarks. priors: those that are loaded. size: of HR.
        """
        if self.flip and "landmarks" in priors and not scheme.flip:
            raise OptionError(
                f"{name}: its landmarks ({scheme.name}) cannot be mirrored, since no source "
                "defines which points change places; flip=False or priors without landmarks were expected"
            )
        if self.quarter_turns and size[0] != size[1]:
            raise OptionError(
                f"{name}: its faces are {size[0]} x {size[1]}; square ones were expected for quarter_turns"
            )

    def draw(self, count: int, key: tuple[int, int], shard: tuple[int, int]) -> Draws:
        """Return what is drawn for the `count` faces of a training batch.

        key: (seed, step), which determine the random numbers. shard: (rank, world), the part of the whole batch.
        """
        rank, world = shard
        mine = slice(rank * count, (rank + 1) * count)
        draws = np.random.default_rng([key[0], AUGMENTATION, key[1]])
        mirrored, turns = draws.random(count * world) < 0.5, draws.integers(0, 4, count * world)
        return Draws(mirrored[mine], turns[mine], draws.random((4, count * world))[:, mine].T)

    def move(self, faces: Faces | PairFaces, draws: Draws) -> None:
        """Mirror and turn faces in place, as it was drawn for them."""
        if self.flip:
            faces.flip(draws.mirrored)
        if self.quarter_turns:
            for quarters in (1, 2, 3):
                faces.turn(draws.turns == quarters, quarters)

    def apply(self, faces: Faces, reduction: Reduction, draws: Draws) -> None:
        """Change faces in place, as it was drawn for them."""
        self.move(faces, draws)
        if self.zoom > 1:
            for index, (chance, side, right, down) in enumerate(draws.windows):
                if chance < 0.5:
                    faces.zoom(index, 1 - side * (1 - 1 / self.zoom), right, down, reduction)
