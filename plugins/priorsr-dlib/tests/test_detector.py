"""Faces in photographs: found at any size, once each, wherever tiles are cut."""

from __future__ import annotations

import subprocess
import sys
from itertools import compress, pairwise

import numpy as np
import pytest
from PIL import Image

from priorsr.errors import MissingExtraError, OptionError, ShapeError
from priorsr_dlib import DetectedFace, FaceDetector, detector
from priorsr_dlib.detector import _distinct, _places, _tiles

FACE = (183, 80, 93)  # left, top and side of the astronaut's, by dlib's own detector


def reduced(image: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.LANCZOS))


def centre(face: DetectedFace) -> tuple[float, float]:
    return face.x + face.width / 2, face.y + face.height / 2


def check_is_the_astronaut(face: DetectedFace, side: int, left: int = 0, top: int = 0) -> None:
    """Hold the face to that of the photograph, reduced to `side` and placed at (left, top)."""
    scale = side / 512
    wanted = left + scale * (FACE[0] + FACE[2] / 2), top + scale * (FACE[1] + FACE[2] / 2)
    assert centre(face) == pytest.approx(wanted, abs=0.15 * scale * FACE[2])
    assert face.width == pytest.approx(scale * FACE[2], rel=0.25)
    assert face.width == pytest.approx(face.height, rel=0.05)


@pytest.mark.parametrize("side", [400, 256, 133])
def test_a_face_is_found_from_24_pixels_on(astronaut: np.ndarray, side: int) -> None:
    (face,) = FaceDetector().detect(reduced(astronaut, side))
    check_is_the_astronaut(face, side)
    assert face.confidence > 0


def test_a_face_below_the_smallest_is_not_found(astronaut: np.ndarray) -> None:
    assert FaceDetector(smallest=64).detect(reduced(astronaut, 160)) == []  # 29 pixels
    (face,) = FaceDetector(smallest=24).detect(reduced(astronaut, 160))
    check_is_the_astronaut(face, 160)


def test_several_faces_are_found_once_each_wherever_tiles_are_cut(
    astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    photograph = np.full((420, 450, 3), 128, dtype=np.uint8)
    places = [(0, 0, 140), (200, 30, 180), (20, 180, 200), (300, 250, 150)]
    for left, top, side in places:
        photograph[top : top + side, left : left + side] = reduced(astronaut, side)
    whole = FaceDetector().detect(photograph)
    monkeypatch.setattr(detector, "TILE", 700)
    assert len(list(_tiles(photograph, 80 / 24))) > 10
    for found in (whole, FaceDetector().detect(photograph)):
        assert len(found) == 4
        for left, top, side in places:
            within = (0 < centre(face)[0] - left < side and 0 < centre(face)[1] - top < side for face in found)
            (own,) = compress(found, within)
            check_is_the_astronaut(own, side, left, top)
        assert [face.confidence for face in found] == sorted((face.confidence for face in found), reverse=True)


def test_tiles_cover_the_image_and_overlap() -> None:
    for length, side, overlap in ((2000, 614, 96), (615, 614, 96), (10, 614, 96), (4000, 300, 96)):
        places = _places(length, side, overlap)
        assert (places[0][0], places[-1][1]) == (0, length)
        for (_, end), (start, _) in pairwise(places):
            assert end - start >= overlap
        assert all(end - start <= side + 2 for start, end in places)
    assert len(_places(614, 614, 96)) == 1


def test_threads_find_what_one_finds(astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector, "TILE", 500)
    small = reduced(astronaut, 200)
    one = FaceDetector(threads=1).detect(small)
    assert one
    for _ in range(3):
        assert FaceDetector(threads=4).detect(small) == one


def test_pictures_of_any_mode_are_taken(astronaut: np.ndarray) -> None:
    small = Image.fromarray(reduced(astronaut, 200))
    (face,) = FaceDetector().detect(small)
    assert FaceDetector().detect(small.convert("RGBA")) == [face]
    (grey,) = FaceDetector().detect(small.convert("L"))
    check_is_the_astronaut(grey, 200)
    assert FaceDetector().detect(np.asarray(small)[:, ::-1][:, ::-1]) == [face]  # not contiguous


def test_an_image_without_a_face_has_none() -> None:
    assert FaceDetector().detect(np.zeros((50, 2, 3), dtype=np.uint8)) == []
    assert FaceDetector().detect(np.full((90, 120, 3), 200, dtype=np.uint8)) == []


def test_a_lower_threshold_finds_more(astronaut: np.ndarray) -> None:
    tiny = reduced(astronaut, 110)  # 20 pixels
    assert len(FaceDetector(threshold=-1.0).detect(tiny)) > len(FaceDetector(threshold=0.5).detect(tiny))


def test_of_two_boxes_of_a_face_the_more_confident_stays() -> None:
    sure, doubtful = DetectedFace(10, 10, 40, 40, 2.0), DetectedFace(20, 15, 30, 30, 0.5)
    around, beside = DetectedFace(0, 0, 90, 90, 0.4), DetectedFace(45, 10, 40, 40, 0.3)
    assert _distinct([beside, doubtful, around, sure]) == [sure, beside]


def test_mistakes(astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    for smallest in (5, float("nan"), float("inf")):
        with pytest.raises(OptionError, match=f"smallest is {smallest}; a width from 10 pixels on"):
            FaceDetector(smallest=smallest)
    with pytest.raises(OptionError, match="threads is 0; 1 or more"):
        FaceDetector(threads=0)
    for image in (astronaut[..., 0], astronaut / 255, astronaut[:0]):
        with pytest.raises(ShapeError, match=r"the image is \w+ of shape .*; uint8 of \(H, W, 3\)"):
            FaceDetector().detect(image)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"priorsr\[landmarks\]"):
        FaceDetector()


def test_detecting_needs_no_torch() -> None:
    program = "import sys, priorsr_dlib; print('torch' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert loaded.strip() == "False"
