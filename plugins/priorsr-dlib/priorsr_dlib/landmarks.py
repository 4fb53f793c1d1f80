"""The 68 landmarks of faces whose boxes are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from priorsr.errors import ShapeError
from priorsr_dlib.published import landmark_predictor

FACE = 160  # pixels of a side of the face that the predictor gets
AROUND = 0.4  # margin on each side, as a part of the box's side


def find_landmarks(image: np.ndarray, boxes: Sequence[Sequence[float]] | np.ndarray) -> np.ndarray:
    """Return the 68 landmarks (`ibug-68`) of the faces of an image, (N,68,2) float32; integers are pixel centres.

    image: (H,W,3) uint8, RGB. boxes: N boxes that begin with x, y, width, height, such as those of `DetectedFace`.

    The predictor returns whole pixels, so each face is first resized to 160 pixels (bilinear). Points may lie outside
    the image. Raises ShapeError for another image or box, MissingExtraError and MissingWeightsError.

    Source: Kazemi and Sullivan, "One millisecond face alignment with an ensemble of regression trees" (CVPR 2014), as
        dlib's author trained it on iBUG 300-W.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ShapeError(
            f"find_landmarks: the image is {image.dtype} of shape {image.shape}; uint8 of (H, W, 3) was expected"
        )
    predictor = landmark_predictor()
    found = np.empty((len(boxes), 68, 2), dtype=np.float32)
    image = np.ascontiguousarray(image)
    for points, box in zip(found, boxes, strict=True):
        points[:] = _of_face(predictor, image, np.asarray(box[:4], dtype=float))
    return found


def _of_face(predictor: object, image: np.ndarray, box: np.ndarray) -> np.ndarray:
    import dlib

    if not (np.isfinite(box).all() and (box[2:] > 0).all()):
        raise ShapeError(f"find_landmarks: the box is {box.tolist()}; x, y, width, height were expected")
    side = box[2:].max()
    scale = FACE / side  # chip pixels for each pixel of the image
    corner = box[:2] - AROUND * side  # of the chip; a box's x is the centre of its first pixel
    count = round(FACE * (1 + 2 * AROUND))
    last = corner + (count - 1) / scale  # dlib puts the centres of a chip's outer pixels onto these corners
    chip = dlib.extract_image_chip(
        image, dlib.chip_details(dlib.drectangle(*corner, *last), dlib.chip_dims(count, count))
    )
    start = AROUND * FACE
    end = start + (box[2:] - 1) * scale
    shape = predictor(chip, dlib.rectangle(*(round(place) for place in (start, start, *end))))  # type: ignore[operator]
    return np.array([[point.x, point.y] for point in shape.parts()]) / scale + corner
