"""Face detection in photographs: dlib's detector on the enlarged photograph, tile by tile."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import ceil, inf
from typing import NamedTuple

import numpy as np
from PIL import Image

from priorsr.errors import OptionError, ShapeError
from priorsr_dlib.published import frontal_detector, require_dlib

WINDOW = 80  # pixels of a side of the smallest face that the detector finds
TILE, OVERLAP = 2048, 4 * WINDOW  # pixels of the enlarged photograph
STEP = 3  # factor by which each pass enlarges less than the one before; a face of STEP windows fits into the overlap
SAME = 0.5  # least part of the smaller of two boxes in the other for both to be one face


class DetectedFace(NamedTuple):
    """A face's box in pixels of the image: left and top edge, width and height, and the detector's confidence.

    Pixel k extends from k to k + 1, so an image of W pixels extends from 0 to W; a box may extend beyond the image.
    Confidences are dlib's: above 0, clear frontal faces about 1 to 3.
    """

    x: float
    y: float
    width: float
    height: float
    confidence: float


class _Tile(NamedTuple):
    """A part of a photograph, its position, and its scale: detector pixels for each pixel of the photograph."""

    pixels: np.ndarray
    left: int
    top: int
    scale: float


class FaceDetector:
    """A detector of frontal faces in photographs, also of small ones.

    smallest: the width of the smallest faces to find, in pixels. The photograph is enlarged (bicubic) until they fill
        the detector's window of 80 pixels. Time grows with (80 / smallest) squared: see the plugin's README.
    threshold: the least confidence of a face. At 0, dlib's own value, up to 5 % more of the small faces are found, and
        more false ones, such as a round badge.
    threads: number of tiles searched at once; by default, the number of cores.

    Raises MissingExtraError without dlib, OptionError for a `smallest` below 10 and `threads` below 1.

    Source: Dalal and Triggs (CVPR 2005) with the features of Felzenszwalb et al. (PAMI 2010), as dlib trained it (King,
        "Max-margin object detection", 2015).
    """

    def __init__(self, smallest: float = 24, threshold: float = 0.2, threads: int | None = None) -> None:
        if not 10 <= smallest < inf:
            raise OptionError(f"the face detector: smallest is {smallest}; a width from 10 pixels on was expected")
        if threads is not None and threads < 1:
            raise OptionError(f"the face detector: threads is {threads}; 1 or more, or None, was expected")
        require_dlib()
        self.smallest, self.threshold = smallest, threshold
        self.threads = os.cpu_count() or 1 if threads is None else threads

    def detect(self, image: np.ndarray | Image.Image) -> list[DetectedFace]:
        """Return the faces of a photograph, the most confident first; each once, none if there are none.

        image: RGB, a Pillow image of any mode or an array (H,W,3) uint8. Raises ShapeError for another array.
        """
        tiles = _tiles(_rgb(image), WINDOW / self.smallest)
        with ThreadPoolExecutor(self.threads) as pool:
            found = list(pool.map(partial(_find, threshold=self.threshold), tiles))
        return _distinct([face for faces in found for face in faces])


def _rgb(image: np.ndarray | Image.Image) -> np.ndarray:
    array = np.asarray(image.convert("RGB") if isinstance(image, Image.Image) else image)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8 or not array.size:
        raise ShapeError(
            f"the face detector: the image is {array.dtype} of shape {array.shape}; uint8 of (H, W, 3) was expected"
        )
    return array


def _tiles(image: np.ndarray, scale: float) -> Iterator[_Tile]:
    """Yield the image in overlapping tiles, at the scale for the smallest faces, then at smaller ones for larger faces.

    In the last pass the image is a single tile, in which the detector finds faces of any size.
    """
    while True:
        places = [_places(length, TILE / scale, OVERLAP / scale) for length in image.shape[:2]]
        for top, bottom in places[0]:
            for left, right in places[1]:
                yield _Tile(image[top:bottom, left:right], left, top, scale)
        if all(len(along) == 1 for along in places):
            return
        scale /= STEP


def _places(length: int, side: float, overlap: float) -> list[tuple[int, int]]:
    """Return the starts and ends of tiles along an axis: the fewest that cover it, equal and overlapping."""
    count = max(1, ceil((length - overlap) / (side - overlap)))
    own = (length + (count - 1) * overlap) / count
    starts = [int(index * (own - overlap)) for index in range(count)]
    return [(start, min(length, ceil(start + own) + 1)) for start in starts]


def _find(tile: _Tile, threshold: float) -> list[DetectedFace]:
    height, width = tile.pixels.shape[:2]
    size = max(1, round(width * tile.scale)), max(1, round(height * tile.scale))
    enlarged = np.asarray(Image.fromarray(tile.pixels).resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0))
    across, down = width / size[0], height / size[1]
    return [
        DetectedFace(
            tile.left + face.x * across,
            tile.top + face.y * down,
            face.width * across,
            face.height * down,
            face.confidence,
        )
        for face in detect_once(enlarged, threshold)
    ]


def detect_once(image: np.ndarray, threshold: float) -> list[DetectedFace]:
    """Return the faces from about 80 pixels on in an image (H,W,3) uint8, without enlarging it."""
    contiguous = np.ascontiguousarray(image)  # dlib sometimes reads freed memory of other arrays
    with frontal_detector() as detector:
        boxes, confidences, _ = detector.run(contiguous, 0, threshold)
    return [
        DetectedFace(box.left(), box.top(), box.width(), box.height(), float(confidence))
        for box, confidence in zip(boxes, confidences, strict=True)
    ]


def _distinct(faces: Sequence[DetectedFace]) -> list[DetectedFace]:
    """Return the faces by falling confidence, without those that lie in a more confident one or around it."""
    kept: list[DetectedFace] = []
    for face in sorted(faces, key=lambda face: (-face.confidence, face)):
        if all(_shared(face, other) < SAME for other in kept):
            kept.append(face)
    return kept


def _shared(a: DetectedFace, b: DetectedFace) -> float:
    """Return the share of the smaller of two boxes that lies in the other."""
    across = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    down = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    return max(0.0, across) * max(0.0, down) / min(a.width * a.height, b.width * b.height)
