"""Scores of runs whose values are known: of bicubic, of HR itself, of grey and of shuffled images."""

from __future__ import annotations

import math
import tarfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from doubles import Stored
from PIL import Image

from priorsr.bench import Record
from priorsr.data.importers.synthetic import synthesise
from priorsr.data.writer import About, Face, Pixels, write_face_set


def means(record: Record) -> dict[str, float]:
    return {name: score.mean for name, score in record.scores.items()}


def test_the_oracle_is_perfect(bench, lr, hr) -> None:
    (record,) = bench(Stored(lr, hr))
    assert means(record) == {"psnr": math.inf, "ssim": pytest.approx(1.0)}
    assert record.scores["psnr"].interval95 is None


def test_a_grey_image_loses_against_bicubic(bench, lr, hr) -> None:
    grey, bicubic = bench([Stored(lr, torch.full_like(hr, 0.5)), "bicubic"], protocols=["priorsr@1"])
    for name, value in means(bicubic).items():
        assert means(grey)[name] < value, name


def test_shuffled_images_lose(bench, lr, hr) -> None:
    noisy = (hr + 0.02 * torch.randn(hr.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    (paired,) = bench(Stored(lr, noisy))
    (shuffled,) = bench(Stored(lr, noisy.roll(1, dims=0)))
    assert means(shuffled)["psnr"] < means(paired)["psnr"] - 10
    assert means(shuffled)["ssim"] < means(paired)["ssim"] - 0.3


def test_bicubic_is_what_it_was(bench) -> None:
    (record,) = bench("bicubic")
    assert means(record) == {"psnr": pytest.approx(33.159427, abs=1e-4), "ssim": pytest.approx(0.874027, abs=1e-5)}


def test_bicubic_on_synthetic_faces_is_what_it_was(bench, tmp_path) -> None:
    synthetic = synthesise(tmp_path / "set", count=4, seed=0, val=3, test=0)
    (record,) = bench("bicubic", data=synthetic)
    assert means(record) == {"psnr": pytest.approx(22.694, abs=0.01), "ssim": pytest.approx(0.5861, abs=1e-3)}


def test_bicubic_on_photographs_is_what_others_measured(bench, shared, tmp_path) -> None:
    archive = shared / "data" / "celebamask-mini-128.tar"
    if not archive.is_file():
        pytest.skip(f"there is no {archive}")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, (member for member in tar if "val/images" in member.name), filter="data")
    pictures = sorted(tmp_path.rglob("*.png"))
    photographs = [Face(path.stem, "val", "", partial(read, path)) for path in pictures]
    about = About(name="photographs", source="celebamask-mini", licence="non-commercial research")
    (record,) = bench("bicubic", data=write_face_set(tmp_path / "set", photographs, about))
    assert record.data.count == 100
    assert record.scores["psnr"].value == pytest.approx(22.67, abs=0.005)


def read(path: Path) -> Pixels:
    return Pixels(np.asarray(Image.open(path)))


def test_bicubic_is_pils(bench, faces) -> None:
    """PIL rounds between its two passes and ours does not, which moves a pixel by one level at most."""
    (record,) = bench("bicubic", protocols=["priorsr@1"])
    for face in faces.ids("val"):
        hr = Image.fromarray(faces.image(face))
        lr = hr.resize((16, 16), Image.Resampling.BICUBIC)
        sr = np.asarray(lr.resize((128, 128), Image.Resampling.BICUBIC), dtype=float)
        error = (sr - np.asarray(hr))[8:-8, 8:-8]
        expected = 10 * math.log10(255**2 / (error**2).mean())
        assert record.scores["psnr_rgb"].per_image[face] == pytest.approx(expected, abs=0.01)
