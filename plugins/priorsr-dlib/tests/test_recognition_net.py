"""The network in torch answers as dlib's own does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from priorsr.errors import DataError, ShapeError
from priorsr_dlib.chips import face_chip
from priorsr_dlib.landmarks import find_landmarks
from priorsr_dlib.published import RECOGNITION, landmark_predictor, model_file
from priorsr_dlib.recognition_net import FaceRecognitionNet

BOX = (183, 80, 93, 93)


@pytest.fixture(scope="module")
def network() -> FaceRecognitionNet:
    return FaceRecognitionNet(model_file(RECOGNITION))


@pytest.fixture(scope="module")
def theirs():
    import dlib

    return dlib.face_recognition_model_v1(str(model_file(RECOGNITION)))


def embedded(network: FaceRecognitionNet, chips: list[np.ndarray]) -> np.ndarray:
    return network(torch.from_numpy(np.array(chips)).permute(0, 3, 1, 2) / 255).numpy()


def test_embeddings_are_dlibs(network: FaceRecognitionNet, theirs, astronaut: np.ndarray) -> None:
    (points,) = find_landmarks(astronaut, [BOX])
    chips = [face_chip(astronaut, points), np.random.default_rng(0).integers(0, 256, (150, 150, 3), dtype=np.uint8)]
    wanted = np.array(theirs.compute_face_descriptor(chips))
    np.testing.assert_allclose(embedded(network, chips), wanted, atol=1e-5)


def test_faces_are_cut_out_as_dlib_cuts_them(network: FaceRecognitionNet, theirs, astronaut: np.ndarray) -> None:
    import dlib

    left, top, width, height = BOX
    shape = landmark_predictor()(astronaut, dlib.rectangle(left, top, left + width - 1, top + height - 1))
    wanted = np.array(theirs.compute_face_descriptor(astronaut, shape))
    points = np.array([(point.x, point.y) for point in shape.parts()], dtype=np.float32)
    (found,) = embedded(network, [face_chip(astronaut, points)])
    assert np.linalg.norm(found - wanted) < 0.02  # two people are 0.6 apart


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"shape_predictor_5_face_landmarks\.dat: holds another network"):
        FaceRecognitionNet(model_file("shape_predictor_5_face_landmarks"))
    with pytest.raises(DataError, match=r"none\.dat: cannot be read as a network of dlib"):
        FaceRecognitionNet(tmp_path / "none.dat")
    content = model_file(RECOGNITION).read_bytes()
    (tmp_path / "cut.dat").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"cut\.dat: "):
        FaceRecognitionNet(tmp_path / "cut.dat")


def test_a_face_of_another_size_is_told(network: FaceRecognitionNet) -> None:
    with pytest.raises(ShapeError, match=r"\(B, 3, 150, 150\)"):
        network(torch.rand(1, 3, 128, 128))
