"""Face chips: faces cut out, turned upright and resized for dlib's face recognition network."""

from __future__ import annotations

import numpy as np

from priorsr_dlib.published import require_dlib

SIDE, AROUND = 150, 0.25  # pixels of a side, and the margin as a part of the face
FINER = 16  # dlib takes landmarks in whole pixels, so they are given in this fraction of a pixel


def face_chip(image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return the face of an image (H,W,3) uint8 whose landmarks (68,2) are known, (150,150,3) uint8, black outside."""
    require_dlib()
    import dlib

    points = [dlib.point(*place) for place in np.rint(FINER * landmarks).astype(int).tolist()]
    there = dlib.get_face_chip_details(dlib.full_object_detection(dlib.rectangle(), points), SIDE, AROUND)
    rect = there.rect
    inset = (FINER - 1) / 2  # a corner is the centre of an outer pixel, whose half is larger in the image than here
    start, end = (rect.left() + inset, rect.top() + inset), (rect.right() - inset, rect.bottom() - inset)
    corners = (value / FINER for value in (*start, *end))
    chip = dlib.chip_details(dlib.drectangle(*corners), dlib.chip_dims(SIDE, SIDE), there.angle)
    return dlib.extract_image_chip(np.ascontiguousarray(image), chip)
