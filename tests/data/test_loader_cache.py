"""Keep a set's arrays in memory and on disk, as a loader does."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from priorsr.data import FaceLoader, FaceSet, Reduction
from priorsr.data import arrays as arrays_module
from priorsr.errors import DataError
from tests.data.loaded_batches import assert_same, one_colour


@pytest.mark.parametrize("part", ["images", "parsing"])
@pytest.mark.parametrize("limit", [0, 2**31])
def test_a_file_that_has_changed_is_told(
    tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, limit: int
) -> None:
    monkeypatch.setattr(arrays_module, "MEMORY_LIMIT", limit)
    monkeypatch.setenv("PRIORSR_CACHE", str(tmp_path / "cache"))
    changed = Path(shutil.copytree(tiny_faces, tmp_path / "changed"))
    one, other = FaceSet.open(changed).ids("val")[1:]
    shutil.copy(changed / part / f"{one}.png", changed / part / f"{other}.png")
    with pytest.raises(DataError, match=rf"{part}/{other}\.png: has changed since the set was made"):
        FaceLoader(FaceSet.open(changed), "val", batch_size=2)
    FaceLoader(FaceSet.open(changed), "train", batch_size=2)  # whose files are as they were


def test_a_split_that_has_changed_is_told(tiny_faces: Path, tmp_path: Path) -> None:
    changed = Path(shutil.copytree(tiny_faces, tmp_path / "changed"))
    ids = FaceSet.open(changed).ids("val")
    (changed / "splits/val.txt").write_text("\n".join(ids[:2]) + "\n")
    with pytest.raises(DataError, match=r"splits/val\.txt: has changed since the set was made"):
        FaceLoader(FaceSet.open(changed), "val", batch_size=2)


def test_large_splits_are_kept_in_the_cache(tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"batch_size": 4, "flip": True}
    in_memory = FaceLoader(FaceSet.open(tiny_faces), "train", **options)
    monkeypatch.setattr(arrays_module, "MEMORY_LIMIT", 0)
    monkeypatch.setenv("PRIORSR_CACHE", str(tmp_path / "cache"))
    assert_same(FaceLoader(FaceSet.open(tiny_faces), "train", **options).batch(1), in_memory.batch(1))
    files = sorted((tmp_path / "cache").rglob("*"))
    assert [file.suffix for file in files if file.is_file()] == [".rows"] * 3
    moved = Path(shutil.copytree(tiny_faces, tmp_path / "moved"))  # the same content, elsewhere, is found in the cache
    shutil.rmtree(moved / "images")
    (moved / "images").mkdir()
    shutil.copy(tiny_faces / "images/000000.png", moved / "images")
    assert_same(FaceLoader(FaceSet.open(moved), "train", **options).batch(1), in_memory.batch(1))


def test_another_version_makes_the_cache_anew(
    tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays_module, "MEMORY_LIMIT", 0)
    monkeypatch.setenv("PRIORSR_CACHE", str(tmp_path / "cache"))
    before = FaceLoader(FaceSet.open(tiny_faces), "val", batch_size=3, priors=()).batch(0)
    monkeypatch.setattr(Reduction, "reduce", lambda reduction, hr, face: np.zeros_like(hr[::8, ::8]))
    assert_same(FaceLoader(FaceSet.open(tiny_faces), "val", batch_size=3, priors=()).batch(0), before)
    monkeypatch.setattr(arrays_module, "__version__", "mended")
    assert FaceLoader(FaceSet.open(tiny_faces), "val", batch_size=3, priors=()).batch(0).lr.max() == 0


def test_the_cache_never_takes_one_set_for_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays_module, "MEMORY_LIMIT", 0)
    monkeypatch.setenv("PRIORSR_CACHE", str(tmp_path / "cache"))
    for first in (10, 90):
        faces = one_colour(tmp_path / str(first), (False, False), first=first)
        (batch,) = FaceLoader(faces, "train", batch_size=2).in_order()
        assert torch.equal(batch.hr[:, 0, 0, 0] * 255, torch.tensor([first, first + 1.0]))


def test_loaders_of_one_set_decode_once(tiny_faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faces = FaceSet.open(tiny_faces)
    FaceLoader(faces, "val", batch_size=2)
    calls: Counter[str] = Counter()
    real = FaceSet.image
    monkeypatch.setattr(FaceSet, "image", lambda self, face: (calls.update([face]), real(self, face))[1])
    FaceLoader(faces, "val", batch_size=3, flip=True).batch(0)
    assert sum(calls.values()) <= 1  # the first image, for its size


def test_a_loader_that_keeps_nothing_gives_the_same_faces(face_set, monkeypatch) -> None:
    kept, streamed = (FaceLoader(face_set, "train", batch_size=3, flip=True, keep=keep) for keep in (True, False))
    for ours, theirs in ((streamed.batch(1), kept.batch(1)), (next(streamed.in_order()), next(kept.in_order()))):
        assert ours.ids == theirs.ids
        assert torch.equal(ours.hr, theirs.hr)
        assert torch.equal(ours.lr, theirs.lr)
        assert torch.equal(ours.prior.parsing, theirs.prior.parsing)
    decoded = []
    monkeypatch.setattr(type(face_set), "image", lambda *given: decoded.append(given))
    with pytest.raises(AttributeError):  # it goes back to the files
        streamed.batch(1)
    assert decoded
