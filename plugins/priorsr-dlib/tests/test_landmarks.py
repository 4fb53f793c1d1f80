"""Landmarks: dlib's own, but between the pixels, and where drawn faces have them."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from priorsr.data.synth import SyntheticFaces
from priorsr.errors import ShapeError
from priorsr_dlib import find_landmarks
from priorsr_dlib.aligned import locate_faces
from priorsr_dlib.found import landmarks_at
from priorsr_dlib.published import landmark_predictor

BOX = (183, 80, 93, 93)


def test_they_are_dlibs_but_finer(astronaut: np.ndarray) -> None:
    import dlib

    left, top, width, height = BOX
    shape = landmark_predictor()(astronaut, dlib.rectangle(left, top, left + width - 1, top + height - 1))
    wanted = np.array([(point.x, point.y) for point in shape.parts()])
    (found,) = find_landmarks(astronaut, [BOX])
    assert np.abs(found - wanted).mean() < 0.6
    assert np.abs((found - wanted).mean(0)).max() < 0.25
    assert (found != found.round()).any()
    assert found.dtype == np.float32


def test_they_move_and_grow_with_the_image(astronaut: np.ndarray) -> None:
    (found,) = find_landmarks(astronaut, [BOX])
    moved = np.zeros_like(astronaut)
    moved[7:, 11:] = astronaut[:-7, :-11]
    (shifted,) = find_landmarks(moved, [(BOX[0] + 11, BOX[1] + 7, *BOX[2:])])
    np.testing.assert_allclose(shifted, found + np.array([11, 7]), atol=1e-3)
    larger = np.asarray(Image.fromarray(astronaut).resize((1024, 1024), Image.Resampling.BILINEAR))
    (grown,) = find_landmarks(larger, [[2 * value for value in BOX]])
    assert np.abs((grown + 0.5) / 2 - 0.5 - found).mean() < 0.6  # a pixel's centre is an integer


def test_drawn_faces_have_them_where_they_were_drawn(drawn: SyntheticFaces) -> None:
    images = list(drawn.images.permute(0, 2, 3, 1).contiguous().numpy())
    boxes = locate_faces(images, None)
    off = (landmarks_at(images, boxes) - drawn.landmarks).norm(dim=-1)
    eyes = (drawn.landmarks[:, 36] - drawn.landmarks[:, 45]).norm(dim=-1, keepdim=True)
    assert (off / eyes).mean() < 0.06


def test_photographs_have_them_on_their_parts() -> None:
    """At least nearly as often as measured for the README, on celebamask-mini's hand-drawn maps."""
    folder = Path(os.environ.get("PRIORSR_SHARED", Path(__file__).parents[4] / "shared"))
    archive = folder / "data" / "celebamask-mini-128.tar"
    if not archive.is_file():
        pytest.skip(f"there is no {archive}")
    images, maps = read(archive, "/val/images/"), read(archive, "/val/parsing/")
    assert len(images) == len(maps) == 100
    boxes = locate_faces(images, None)
    assert np.isfinite(boxes).all()
    parts = {
        "eyes": (36, 48, (4, 5)),
        "nose": (27, 36, (2,)),
        "mouth": (48, 68, (10, 11, 12)),
        "brows": (17, 27, (6, 7)),
    }
    near: dict[str, list[bool]] = {part: [] for part in parts}
    for points, parsing in zip(landmarks_at(images, boxes).numpy(), maps, strict=True):
        for part, (start, end, classes) in parts.items():
            pixels = np.argwhere(np.isin(parsing, classes))[:, ::-1]
            if len(pixels):
                near[part] += list(np.linalg.norm(points[start:end, None] - pixels, axis=-1).min(1) <= 2)
    shares = {part: np.mean(own) for part, own in near.items()}
    for part, least in {"eyes": 0.84, "nose": 0.96, "mouth": 0.93, "brows": 0.76}.items():
        assert shares[part] > least


def read(archive: Path, folder: str) -> list[np.ndarray]:
    """The pictures of a folder of the archive, by name."""
    with tarfile.open(archive) as tar:
        files = sorted((m for m in tar if folder in m.name and m.isfile()), key=lambda member: member.name)
        return [np.array(Image.open(io.BytesIO(tar.extractfile(member).read()))) for member in files]


def test_mistakes(astronaut: np.ndarray) -> None:
    assert find_landmarks(astronaut, []).shape == (0, 68, 2)
    with pytest.raises(ShapeError, match=r"the box is \[1\.0, 2\.0, 0\.0, 4\.0\]"):
        find_landmarks(astronaut, [(1, 2, 0, 4)])
    with pytest.raises(ShapeError, match=r"float64 of shape \(512, 512, 3\)"):
        find_landmarks(astronaut / 255, [BOX])
