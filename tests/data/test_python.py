"""Face sets, loaders and priors as Python objects, and the commands as functions."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import priorsr
from priorsr import data
from priorsr.data import FaceLoader, FaceSet
from priorsr.errors import DataError


def test_a_face_set_has_a_length_items_and_an_order(tiny_faces: Path) -> None:
    faces = FaceSet.open(tiny_faces)
    ids = list(faces)
    assert len(faces) == len(ids) == 12
    assert ids == sorted(face for split in faces.splits for face in faces.ids(split))
    face = faces[ids[0]]
    assert (face.id, face.image.shape, face.parsing.shape, face.landmarks[0].shape) == (
        ids[0],
        (64, 64, 3),
        (64, 64),
        (68, 2),
    )
    assert ids[0] in faces
    assert "nobody" not in faces
    assert 3 not in faces
    with pytest.raises(DataError, match="there is no face 'nobody'"):
        faces["nobody"]


def test_a_loader_gives_every_face_once(tiny_faces: Path) -> None:
    faces = FaceSet.open(tiny_faces)
    seen = [face for batch in FaceLoader(faces, "train", batch_size=4) for face in batch.ids]
    assert seen == list(faces.ids("train"))


def test_a_prior_moves_to_a_device() -> None:
    prior = priorsr.Prior(landmarks=torch.zeros(1, 68, 2))
    moved = prior.to("meta")
    assert moved.landmarks.is_meta
    assert moved.parsing is None


def test_the_commands_are_functions(tiny_faces: Path, tmp_path: Path) -> None:
    assert not data.examine(tiny_faces).findings
    assert len(data.synthesise(tmp_path / "drawn", count=2, seed=0, size=32, val=0, test=0)) == 2
    assert data.import_folder(tiny_faces / "images", tmp_path / "copied", size=32).manifest.image_sizes == ((32, 32),)
