"""Faults of LR images that the doctor finds."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from priorsr.data import FaceSet
from priorsr.data.doctor import examine
from priorsr.data.doctor.jpeg import jpeg_quality
from priorsr.data.reduction import KERNELS, reduce
from tests.data.doctor.damaged_sets import checks, make_lr, through_jpeg


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_kernel_of_given_lr_is_named(copied: Path, kernel: str) -> None:
    make_lr(copied, kernel)
    report = examine(copied, reduction=kernel)
    assert report.findings == []
    assert f"{kernel} fits best, within 0.00 levels" in report.notes[-1]
    other = next(name for name in KERNELS if name != kernel)
    (finding,) = examine(copied, reduction=other).findings
    assert finding.check == "kernel"
    assert f"not made by {other}: {kernel} fits best" in finding.problem


def test_an_unknown_kernel_is_told(copied: Path) -> None:
    lr = make_lr(copied)
    for path in lr.iterdir():
        hr = Image.open(copied / "images" / path.name)
        hr.resize((16, 16), Image.Resampling.NEAREST).save(path)
    assert "no known reduction kernel made" in examine(copied).findings[-1].problem


@pytest.mark.parametrize("quality", [40, 75, 95])
def test_jpeg_made_lr_is_found_behind_png(copied: Path, quality: int) -> None:
    make_lr(copied, scale=2, quality=quality)
    found = [finding for finding in examine(copied).findings if finding.check == "jpeg"]
    assert len(found) >= 11
    assert sum(f"quality of about {quality}" in finding.problem for finding in found) >= 10
    assert checks(examine(copied)) == {"jpeg"}  # the kernel is not blamed for JPEG's traces


def test_a_jpeg_file_is_found_by_its_format(copied: Path) -> None:
    lr = make_lr(copied)
    face = FaceSet.open(copied).ids("val")[0]
    Image.open(lr / f"{face}.png").save(lr / f"{face}.jpg", quality=95)
    (lr / f"{face}.png").unlink()
    (finding,) = examine(copied).findings
    assert finding.check == "jpeg"
    assert finding.where.endswith(f"{face}.jpg")


def test_quality_is_read_from_pixels_alone(tiny_faces: Path) -> None:
    faces = FaceSet.open(tiny_faces)
    for face in faces.ids("train"):
        lr = reduce(faces.image(face), 2, "matlab-bicubic")
        assert jpeg_quality(lr) is None
        assert jpeg_quality(faces.image(face)) is None
        assert jpeg_quality(through_jpeg(faces.image(face), 80)) == 80
    assert jpeg_quality(np.zeros((7, 16, 3), dtype=np.uint8)) is None
    assert jpeg_quality(np.full((64, 64, 3), 120, dtype=np.uint8)) is None


def test_lr_and_hr_out_of_step_are_found(copied: Path, tmp_path: Path) -> None:
    lr = make_lr(copied).rename(tmp_path / "lr")
    a, b, c, d, e = FaceSet.open(copied).ids("train")[:5]
    (lr / f"{a}.png").unlink()
    Image.new("RGB", (16, 16)).save(lr / "stranger.png")
    Image.open(lr / f"{b}.png").resize((15, 16)).save(lr / f"{b}.png")
    Image.fromarray(reduce(FaceSet.open(copied).image(c), 8, "pil-bicubic")).save(lr / f"{c}.png")
    content = {face: (lr / f"{face}.png").read_bytes() for face in (d, e)}
    (lr / f"{d}.png").write_bytes(content[e])
    (lr / f"{e}.png").write_bytes(content[d])
    found = {(finding.check, Path(finding.where).stem): finding.problem for finding in examine(copied, lr=lr).findings}
    assert found.keys() == {
        ("pairs", "lr"), ("pairs", "stranger"), ("sizes", b), ("sizes", c), ("pairs", d), ("pairs", e),
    }  # fmt: skip
    assert f"no LR image of '{a}'" in found["pairs", "lr"]
    assert "is 16 x 15, which does not divide" in found["sizes", b]
    assert "smaller by 8, where the others are by 4" in found["sizes", c]
    assert "another face?" in found["pairs", d]


def test_lr_images_as_large_as_hr_are_found(copied: Path) -> None:
    shutil.copytree(copied / "images", copied / "lr")
    report = examine(copied)
    assert {(finding.check, finding.problem) for finding in report.findings} == {
        ("sizes", "is as large as its HR image")
    }
    assert len(report.findings) == 12
    assert report.notes[-1] == "none of the 12 LR images can be compared"
