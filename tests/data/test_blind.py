from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from priorsr.data import FaceLoader, FaceSet, Reduction
from priorsr.data import blind as module
from priorsr.data.doctor import examine
from priorsr.data.reduction import find_kernel, reduce
from priorsr.errors import MissingExtraError, OptionError, UnknownNameError

pytest.importorskip("kornia")


@pytest.fixture
def hr() -> np.ndarray:
    rng = np.random.default_rng(0)
    grey = np.repeat(rng.integers(30, 226, (8, 6, 1), dtype=np.uint8), 3, axis=2)  # JPEG halves the size of colours
    return np.asarray(Image.fromarray(grey).resize((96, 128)))


def test_a_face_and_a_seed_decide(hr: np.ndarray) -> None:
    first = reduce(hr, 8, "blind", face="a")
    assert first.shape == (16, 12, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(reduce(hr, 8, "blind", face="a"), first)
    assert np.array_equal(reduce(hr, 8, "blind-0", face="a"), first)
    assert not np.array_equal(reduce(hr, 8, "blind", face="b"), first)
    assert not np.array_equal(reduce(hr, 8, "blind-1", face="a"), first)


def test_it_is_the_face_made_worse(hr: np.ndarray) -> None:
    clean = reduce(hr, 8, "pil-bicubic").astype(float)
    errors = [np.abs(reduce(hr, 8, "blind", face=str(face)) - clean).mean() for face in range(20)]
    assert min(errors) > 1
    assert max(errors) < 40
    assert np.ptp(errors) > 3  # every face by an amount of its own


@pytest.mark.parametrize(("what", "harmless", "harmful"), [("BLUR", 0.01, 0.5), ("NOISE", 0, 15), ("QUALITY", 100, 60)])
def test_each_part_does_harm(
    hr: np.ndarray, monkeypatch: pytest.MonkeyPatch, what: str, harmless: float, harmful: float
) -> None:
    for name, value in (("BLUR", 0.01), ("NOISE", 0), ("QUALITY", 100)):
        monkeypatch.setattr(module, name, (value, value))
    clean = reduce(hr, 8, "pil-bicubic").astype(float)

    def harm(value: float) -> float:
        monkeypatch.setattr(module, what, (value, value))
        return float(np.abs(reduce(hr, 8, "blind", face="a") - clean).mean())

    assert harm(harmless) < 1.5
    assert harm(harmful) > harm(harmless) + 0.5


def test_the_loader_and_the_doctor_know_it(tiny_faces: Path, tmp_path: Path) -> None:
    faces = FaceSet.open(tiny_faces)
    batch = FaceLoader(faces, "val", batch_size=2, reduction=Reduction(kernel="blind-3")).batch(0)
    for lr, face in zip(batch.lr, batch.ids, strict=True):
        pixels = np.rint(lr.permute(1, 2, 0).numpy() * 255)
        assert np.array_equal(pixels, reduce(faces.image(face), 8, "blind-3", face=face))
    for face in (face for split in faces.splits for face in faces.ids(split)):
        Image.fromarray(reduce(faces.image(face), 4, "blind", face=face)).save(tmp_path / f"{face}.png")
    report = examine(tiny_faces, lr=tmp_path, reduction="blind")
    assert "blind fits best, within 0.00 levels" in report.notes[-1]
    assert not [finding for finding in report.findings if finding.check == "kernel"]


def test_mistakes(hr: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="'blind' draws by the face's id, and none was given"):
        reduce(hr, 8, "blind")
    with pytest.raises(UnknownNameError, match="'blind-x'; did you mean 'blind'"):
        find_kernel("blind-x")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="'kornia'"):
        reduce(hr, 8, "blind", face="a")
