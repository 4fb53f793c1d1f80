"""The estimator `dlib`: one face an image, and which of its points are known."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import priorsr
from priorsr.data import FaceSet
from priorsr.data.estimated import estimate_priors
from priorsr.data.importers.synthetic import synthesise
from priorsr.data.synth import SyntheticFaces
from priorsr.errors import MissingExtraError, MissingWeightsError, OptionError, PriorsrError
from priorsr.files import sha256_file
from priorsr_dlib import DetectedFace, aligned, published
from priorsr_dlib.aligned import ALIGNED, locate_faces
from priorsr_dlib.estimator import DlibLandmarks


def as_images(*arrays: np.ndarray) -> Tensor:
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2) / 255


def test_a_batch_is_estimated_face_by_face(hr: Tensor, drawn: SyntheticFaces) -> None:
    estimator = priorsr.create("estimator", "dlib")
    prior, state = estimator(hr)
    assert state is None
    assert prior.landmarks.dtype == torch.float32
    assert prior.valid.dtype == torch.bool
    assert prior.parsing is prior.heatmaps is None
    torch.testing.assert_close(estimator(hr[2:3])[0].landmarks, prior.landmarks[2:3])
    off = (prior.landmarks - drawn.landmarks).norm(dim=-1)[prior.valid]
    assert off.mean() < 3


def test_small_images_are_enlarged_for_the_detector(drawn: SyntheticFaces) -> None:
    small = torch.nn.functional.interpolate(drawn.images / 255, (64, 64), mode="bilinear", antialias=True)
    prior, _ = DlibLandmarks(box=None)(small)
    assert prior.valid.float().mean() > 0.9
    wanted = (drawn.landmarks + 0.5) / 2 - 0.5
    assert (prior.landmarks - wanted).norm(dim=-1)[prior.valid].mean() < 2.5


def test_a_photograph_is_estimated_where_its_face_is(astronaut: np.ndarray) -> None:
    prior, _ = DlibLandmarks(box=None)(as_images(astronaut))
    assert prior.valid.all()
    nose = prior.landmarks[0, 30]
    assert (nose - torch.tensor([229.0, 132.0])).norm() < 12


def test_of_several_faces_the_largest_is_taken(astronaut: np.ndarray) -> None:
    photograph = np.full((512, 1000, 3), 90, dtype=np.uint8)
    photograph[:470, :470] = np.asarray(Image.fromarray(astronaut).resize((470, 470)))
    (small,) = locate_faces([photograph], None)
    photograph[:, 488:] = astronaut
    (large,) = locate_faces([photograph], None)
    assert small[:3].tolist() == pytest.approx([168, 74, 86], abs=8)
    assert large[:3].tolist() == pytest.approx([488 + 183, 80, 93], abs=8)


def test_where_nothing_is_found_the_box_decides(hr: Tensor) -> None:
    blank = torch.full((2, 3, 96, 128), 0.5)
    (box,) = locate_faces([np.full((96, 128, 3), 128, dtype=np.uint8)], ALIGNED)
    assert box.tolist() == pytest.approx([26, 42 * 0.75, 79, 79 * 0.75])
    prior, _ = DlibLandmarks()(blank)
    assert prior.valid.float().mean() > 0.9
    prior, _ = DlibLandmarks(box=None)(torch.cat([blank[:1, :, :, :96], hr[:1, :, :96, :96] * 0]))
    assert not prior.valid.any()
    assert not prior.landmarks.any()


def test_a_suspected_face_is_better_than_the_box(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [DetectedFace(*box) for box in ((5, 5, 90, 90, -0.9), (8, 4, 80, 80, -0.2))]
    monkeypatch.setattr(aligned, "detect_once", lambda _, least: [face for face in found if face.confidence >= least])
    image = np.zeros((128, 128, 3), dtype=np.uint8)
    assert locate_faces([image], ALIGNED)[0].tolist() == [8, 4, 80, 80]
    assert np.isnan(locate_faces([image], None)).all()
    found += [DetectedFace(*box) for box in ((1, 1, 40, 40, 2.0), (2, 2, 50, 50, 0.1))]
    assert locate_faces([image], ALIGNED)[0].tolist() == [2, 2, 50, 50]


def test_points_outside_the_image_are_not_valid(hr: Tensor) -> None:
    whole, _ = DlibLandmarks()(hr)
    cut, _ = DlibLandmarks(box=None)(hr[..., :110, :])
    below = ~cut.valid & whole.valid
    assert below[:, 6:11].any()  # of the chin
    assert (cut.landmarks[~cut.valid] == 0).all()
    assert (cut.landmarks[cut.valid][:, 1] < 109.5).all()


def test_a_face_set_says_who_found_its_landmarks(tmp_path: Path) -> None:
    synthesise(tmp_path / "faces", count=3, seed=0, size=64, val=1, test=1)
    made = estimate_priors(FaceSet.open(tmp_path / "faces"), tmp_path / "made", ["dlib"])
    assert made.has_landmarks
    maker = made.manifest.priors["landmarks"]
    assert maker.tool == "priorsr-dlib:dlib"
    assert len(maker.weights) == 64


def test_the_buffer_is_the_hash_of_the_weights() -> None:
    digest = bytes(DlibLandmarks().state_dict()["weights_sha256"].tolist()).hex()
    assert digest == sha256_file(published.model_file(published.LANDMARKS))


def test_it_is_saved_and_loaded_with_its_box(tmp_path: Path) -> None:
    priorsr.save(DlibLandmarks(box=(0.1, 0.2, 0.9, 1.0)), tmp_path / "dlib.safetensors")
    assert priorsr.load(tmp_path / "dlib.safetensors").box == (0.1, 0.2, 0.9, 1.0)


def test_mistakes(hr: Tensor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for box in ((0.5, 0, 0.4, 1), (0, 0, 1), (0, float("nan"), 1, 1), (0, 0, 1, float("inf"))):
        with pytest.raises(OptionError, match="dlib: the box is"):
            DlibLandmarks(box=box)
    broken = hr.clone()
    broken[1, 0, 0, 0] = float("nan")
    with pytest.raises(PriorsrError, match="dlib: image 1 of the batch of 6 holds NaN or infinity"):
        DlibLandmarks()(broken)
    with pytest.raises(PriorsrError, match=r"dlib: the image is uint8; floating point in \[0, 1\] was expected"):
        DlibLandmarks()((255 * hr).byte())
    published.landmark_predictor.cache_clear()
    (tmp_path / "face_recognition_models").mkdir()
    (tmp_path / "face_recognition_models" / "__init__.py").write_text("raise ImportError('pkg_resources')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "face_recognition_models", raising=False)
    with pytest.raises(MissingWeightsError, match=r"lacks models/shape_predictor_68_face_landmarks\.dat"):
        DlibLandmarks()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"'dlib'.*priorsr\[landmarks\]"):
        DlibLandmarks()
