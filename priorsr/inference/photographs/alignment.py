"""Turn and move faces to where they lie in the training crops."""

from __future__ import annotations

import numpy as np

from priorsr.inference.photographs.face_finding import PhotographFace

CROP = 128  # pixels a side of the crop that the numbers below are of
EYES = ((47.8, 61.4), (79.3, 61.4))
MOUTH, MOUTH_CORNERS = (63.4, 95.2), (63.4, 93.4)
BOX = (28.1, 41.4, 74.1)  # left and top edge, and side


def crop_to_photograph(face: PhotographFace) -> np.ndarray:
    """Return the similarity (2,3) that takes places in the training crop to places in the photograph.

    The crop reaches from 0 to 1, the photograph from 0 to its width in pixels. The crop is
    CelebAMask-HQ's, upright with the eyes at (48, 61) and (79, 61) of 128; the numbers are the means of dlib's points
    and boxes on 293 faces of celebamask-mini. A face with points is placed by its eyes and mouth, by least squares, one
    without by its box, unturned.
    """
    if face.points is None:
        left, top, side = (value / CROP for value in BOX)
        x, y, width, height = face.box
        scale = (width + height) / 2 / side
        centre = np.array([x + width / 2, y + height / 2])
        shift = centre - scale * (np.array([left, top]) + side / 2)
        return np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    return _similarity(*_anchors(face.points))


def _anchors(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eyes and mouth, (3,2), in the crop and in the photograph."""
    if len(points) == 5:
        found, mouth = [points[0], points[1], points[3:].mean(0)], MOUTH_CORNERS
    else:
        found, mouth = [points[36:42].mean(0), points[42:48].mean(0), points[48:].mean(0)], MOUTH
    return (np.array([*EYES, mouth]) + 0.5) / CROP, np.array(found) + 0.5


def _similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the turn, scale and shift (2,3) that bring points (N,2) closest to others (N,2), in least squares.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns" (PAMI 1991),
    in the plane, where a turn with a scale is a complex factor.
    """
    here, there = (points - points.mean(0) for points in (source, target))
    a, b = here @ (1, 1j), there @ (1, 1j)
    factor = np.vdot(a, b) / np.vdot(a, a)
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.column_stack([turn, target.mean(0) - turn @ source.mean(0)])
