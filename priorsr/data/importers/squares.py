"""Squares cut out of photographs round a face, and brought to the size that a set is to have."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from priorsr.data.images import read_photograph
from priorsr.data.importers.resize import check_reduces
from priorsr.data.importers.sources import key
from priorsr.data.landmarks_file import Points
from priorsr.data.writer import Face, Pixels

EXPANDED = 0.3  # of DIC's square, beyond the landmarks' box


@dataclass(frozen=True)
class Square:
    """A square of a photograph: its first column and row, and its side, in whole pixels; it may reach outside."""

    left: int
    top: int
    side: int

    def cut(self, image: np.ndarray, size: int, resample: Image.Resampling) -> np.ndarray:
        """The square of an image (H,W,3), black outside it, resized to `size` pixels by Pillow."""
        box = (self.left, self.top, self.left + self.side, self.top + self.side)
        return np.asarray(Image.fromarray(image).crop(box).resize((size, size), resample))

    def move(self, points: Points, size: int) -> Points:
        """Landmarks of the photograph as those of the square resized to `size`; those that are not valid are 0."""
        landmarks, valid = points
        moved = (landmarks - [self.left, self.top] + 0.5) * (size / self.side) - 0.5
        return np.where(valid[:, None], moved, 0).astype(np.float32), valid


def round_landmarks(points: Points) -> Square:
    """DIC's square: round the box of the valid landmarks, about its centre, its longer side expanded by 0.3.

    The code's "expanded by 0.3" is read as 0.3 of the longer side in total, and sides are rounded to whole pixels.
    """
    landmarks, valid = points
    return _about(landmarks[valid].min(0), landmarks[valid].max(0), 1 + EXPANDED)


def round_box(left: float, top: float, width: float, height: float) -> Square:
    """The square about the centre of a box, as large as its longer side."""
    return _about(np.array([left, top]), np.array([left + width, top + height]), 1)


def square_face(
    split: str, image: Path, square: Square | None, points: Points | None, size: int, resample: Image.Resampling
) -> Face:
    """A face to be written, called as the file `image`: its square and its landmarks, at `size` pixels.

    Without a square it is the middle one, as large as fits, and must not be smaller than `size`.
    """
    stamp = key(
        image,
        square=square and asdict(square),
        points=points and [part.tolist() for part in points],
        size=size,
        resample=resample.name,
    )
    return Face(image.stem, split, stamp, partial(_read, image, square, points, size, resample))


def _read(image: Path, square: Square | None, points: Points | None, size: int, resample: Image.Resampling) -> Pixels:
    photograph, image_format = read_photograph(image)
    if square is None:
        check_reduces(photograph, size, str(image))
        square = _middle(photograph)
    return Pixels(
        square.cut(photograph, size, resample),
        None,
        points and square.move(points, size),
        image_format,
        (square.side, square.side),
    )


def _middle(image: np.ndarray) -> Square:
    height, width = image.shape[:2]
    side = min(height, width)
    return Square((width - side) // 2, (height - side) // 2, side)


def _about(first: np.ndarray, last: np.ndarray, factor: float) -> Square:
    side = max(1, round(float((last - first).max()) * factor))
    left, top = np.rint((first + last) / 2 - side / 2).astype(int).tolist()
    return Square(left, top, side)
