"""Crop squares around faces from photographs, and resize them to the size of a face set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from priorsr.data.images import read_photograph
from priorsr.data.importers.middle_square import check_reduces
from priorsr.data.importers.sources import key
from priorsr.data.landmarks_file import Points, check_plausible
from priorsr.data.writer import Face, Pixels
from priorsr.errors import DataError

EXPANDED = 0.3  # expansion of DIC's square beyond the landmarks' box
LEAST_SIDE = 4  # pixels; fewer show no face
LEAST_SHARE = 0.1  # least part of a square inside its photograph; a face half cut off at a corner has a quarter


@dataclass(frozen=True)
class Square:
    """A square of a photograph: its first column and row, and its side, in whole pixels; it may reach outside."""

    left: int
    top: int
    side: int

    def check(self, image: np.ndarray, who: str) -> None:
        """Raise DataError, its message led by `who`, for a square that cannot hold a face of the image (H,W,3)."""
        height, width = image.shape[:2]
        if self.side < LEAST_SIDE:
            raise DataError(
                f"{who}, the face's square has {self.side} pixels a side; {LEAST_SIDE} or more were expected"
            )
        rows = min(self.top + self.side, height) - max(self.top, 0)
        columns = min(self.left + self.side, width) - max(self.left, 0)
        if max(rows, 0) * max(columns, 0) < LEAST_SHARE * self.side**2:
            raise DataError(
                f"{who}, the face's square begins at x = {self.left:g}, y = {self.top:g} and has {self.side:g} pixels "
                f"a side, outside of the image of {height} x {width}, or nearly so"
            )

    def cut(self, image: np.ndarray, size: int, resample: Image.Resampling) -> np.ndarray:
        """Return the square of an image (H,W,3), black outside it, resized to `size` pixels by Pillow."""
        box = (self.left, self.top, self.left + self.side, self.top + self.side)
        return np.asarray(Image.fromarray(image).crop(box).resize((size, size), resample))

    def move(self, points: Points, size: int) -> Points:
        """Map landmarks of the photograph to the square resized to `size`; those that are not valid become 0."""
        landmarks, valid = points
        moved = (landmarks - [self.left, self.top] + 0.5) * (size / self.side) - 0.5
        return np.where(valid[:, None], moved, 0).astype(np.float32), valid


@dataclass(frozen=True)
class PhotographSource:
    """A photograph, with the square and the landmarks to take from it.

    square: the crop; None for the largest square in the middle. points: the landmarks, in the photograph's pixels.
        given_by: the files that square and points come from.
    """

    image: Path
    square: Square | None
    points: Points | None
    given_by: str


def round_landmarks(points: Points) -> Square:
    """Return DIC's square, centred on the box of the valid landmarks, with its longer side expanded by 0.3.

    The code's "expanded by 0.3" is read as 0.3 of the longer side in total, and sides are rounded to whole pixels.
    """
    landmarks, valid = points
    seen = landmarks[valid].astype(np.float64)
    return _about(seen.min(0), seen.max(0), 1 + EXPANDED)


def round_box(left: float, top: float, width: float, height: float) -> Square:
    """Return the square centred on a box, with the box's longer side."""
    return _about(np.array([left, top]), np.array([left + width, top + height]), 1)


def square_face(split: str, source: PhotographSource, size: int, resample: Image.Resampling) -> Face:
    """Return the face to write, named as the photograph: its square and landmarks at `size` pixels.

    Without a given square, the photograph must be at least `size` pixels large.
    """
    square, points = source.square, source.points
    stamp = key(
        source.image,
        square=square and asdict(square),
        points=points and [part.tolist() for part in points],
        size=size,
        resample=resample.name,
    )
    return Face(source.image.stem, split, stamp, partial(_read, source, size, resample))


def _read(source: PhotographSource, size: int, resample: Image.Resampling) -> Pixels:
    image, square, points = source.image, source.square, source.points
    photograph, image_format = read_photograph(image, source.given_by if square or points else None)
    if square is None:
        check_reduces(photograph, size, str(image))
        square = _middle(photograph)
    else:
        square.check(photograph, f"{image}: according to {source.given_by}")
    moved = points and square.move(points, size)
    if moved:
        check_plausible(moved, (size, size), f"{image}: according to {source.given_by}, in the square resized")
    return Pixels(square.cut(photograph, size, resample), None, moved, image_format, (square.side, square.side))


def _middle(image: np.ndarray) -> Square:
    height, width = image.shape[:2]
    side = min(height, width)
    return Square((width - side) // 2, (height - side) // 2, side)


def _about(first: np.ndarray, last: np.ndarray, factor: float) -> Square:
    side = max(1, round(float((last - first).max()) * factor))
    left, top = (round(float(value)) for value in np.rint((first + last) / 2 - side / 2))
    return Square(left, top, side)
