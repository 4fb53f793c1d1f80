"""Find the face in an image of one face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from priorsr.errors import OptionError
from priorsr_dlib.detector import detect_once

PartBox = tuple[float, float, float, float]
ALIGNED: PartBox = (26 / 128, 42 / 128, 105 / 128, 121 / 128)
"""The box of faces aligned as CelebAMask-HQ's and CelebA's, as (left, top, right, bottom) in parts of the image."""
SHORTEST = 128  # pixels of the shorter side, below which an image is enlarged for the detector
DOUBTFUL = -1.0  # the least confidence of a face in an image that must have one


def check_box(box: Sequence[float] | None, who: str) -> PartBox | None:
    """Return a box in fractions of the image, or None, unchanged; raises OptionError for any other value."""
    if box is None:
        return None
    if len(box) != 4 or not (np.isfinite(box).all() and box[0] < box[2] and box[1] < box[3]):
        raise OptionError(f"{who}: the box is {box}; (left, top, right, bottom) in parts of 1, or None, was expected")
    left, top, right, bottom = box
    return left, top, right, bottom


def locate_faces(images: Sequence[np.ndarray], box: PartBox | None) -> np.ndarray:
    """Return the box of the face in each image, (N,4) float64: x, y, width, height, see `DetectedFace`.

    The face is the largest certain detection; with a `box`, else the most likely uncertain one.

    images: (H,W,3) uint8. box: the face's box, in fractions of the image, if nothing at all is detected. With None, an
    image may be without a face, and its box is NaN.
    """
    return np.array([_locate(image, box) for image in images]).reshape(-1, 4)


def _locate(image: np.ndarray, box: PartBox | None) -> tuple[float, ...]:
    height, width = image.shape[:2]
    scale = max(1.0, SHORTEST / min(height, width))
    if scale > 1:
        size = round(width * scale), round(height * scale)
        image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    found = detect_once(image, 0.0 if box is None else DOUBTFUL)
    if found:
        face = max(found, key=lambda face: (min(face.confidence, 0), face.width * face.height, face.confidence))
        return tuple(value / scale for value in face[:4])
    if box is None:
        return (np.nan,) * 4
    left, top, right, bottom = box
    return left * width, top * height, (right - left) * width, (bottom - top) * height
