from __future__ import annotations

import numpy as np
import pytest

from priorsr.inference.photographs.alignment import BOX, EYES, MOUTH, MOUTH_CORNERS, crop_to_photograph
from priorsr.inference.photographs.face_finding import PhotographFace

ANGLE, SIDE, CORNER = 0.3, 50.0, (20.0, 30.0)


def placed(points: np.ndarray) -> np.ndarray:
    """Points of the crop of 128 px in a photograph, where it has SIDE pixels, is turned, and lies at CORNER."""
    turn = np.array([[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]])
    return (points + 0.5) / 128 * SIDE @ turn.T + CORNER - 0.5


def expected() -> np.ndarray:
    turn = SIDE * np.array([[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]])
    return np.column_stack([turn, CORNER])


def test_a_face_with_68_points_is_placed_by_its_eyes_and_mouth() -> None:
    points = np.random.default_rng(0).normal(size=(68, 2)) * 40  # others do not count
    for part, centre in ((slice(36, 42), EYES[0]), (slice(42, 48), EYES[1]), (slice(48, 68), MOUTH)):
        points[part] += np.array(centre) - points[part].mean(0)
    assert np.allclose(crop_to_photograph(PhotographFace((0, 0, 1, 1), placed(points))), expected())


def test_a_face_with_5_points_is_placed_by_its_eyes_and_mouth() -> None:
    x, y = MOUTH_CORNERS
    points = np.array([*EYES, (60, 70), (x - 14, y - 2), (x + 14, y + 2)])
    assert np.allclose(crop_to_photograph(PhotographFace((0, 0, 1, 1), placed(points))), expected())


def test_a_face_with_a_box_is_placed_upright() -> None:
    left, top, side = BOX
    box = (10 + left / 4, 20 + top / 4, side / 4, side / 4)
    assert np.allclose(crop_to_photograph(PhotographFace(box)), [[32, 0, 10], [0, 32, 20]])


def test_a_box_that_is_no_square_has_its_mean_side_and_its_centre() -> None:
    wide, square = (
        crop_to_photograph(PhotographFace((0, 10, 60, 40))),
        crop_to_photograph(PhotographFace((5, 5, 50, 50))),
    )
    assert np.allclose(wide, square)


def test_noise_in_the_points_is_evened_out() -> None:
    points = placed(np.array([*EYES, (0, 0), MOUTH_CORNERS, MOUTH_CORNERS]))
    points[0] += (1.5, 0)
    points[1] -= (1.5, 0)  # the eyes come 3 px of 12 closer
    found = np.hypot(*crop_to_photograph(PhotographFace((0, 0, 1, 1), points))[:, 0])
    assert found == pytest.approx(SIDE, rel=0.2)
    assert found < SIDE
