from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from priorsr.data import FaceSet
from priorsr.data.doctor import Report, examine
from priorsr.data.jpeg import jpeg_quality
from priorsr.data.landmarks_file import write_landmarks
from priorsr.data.lr_check import Finding
from priorsr.data.reduction import KERNELS, reduce
from priorsr.errors import DataError
from priorsr.files import sha256_file


@pytest.fixture
def copied(tiny_faces: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_faces, tmp_path / "copied"))


def seal(folder: Path, *names: str) -> None:
    """Bring the manifest's hashes up to date, as someone does who changes a set on purpose."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"] |= {name: sha256_file(folder / name) for name in names}
    path.write_text(json.dumps(manifest))


def make_lr(folder: Path, kernel: str = "pil-bicubic", scale: int = 4, quality: int | None = None) -> Path:
    """LR images of every face in lr/, through JPEG if asked for, and saved as PNG."""
    faces = FaceSet.open(folder)
    (folder / "lr").mkdir(exist_ok=True)
    for split in faces.splits:
        for face in faces.ids(split):
            lr = reduce(faces.image(face), scale, kernel)
            if quality is not None:
                lr = through_jpeg(lr, quality)
            Image.fromarray(lr).save(folder / f"lr/{face}.png")
    return folder / "lr"


def through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def checks(report: Report) -> set[str]:
    return {finding.check for finding in report.findings}


def test_a_whole_set_has_nothing_wrong(tiny_faces: Path) -> None:
    report = examine(tiny_faces)
    assert report.findings == []
    assert report.faces == 12


def test_broken_and_changed_files_are_found_together(copied: Path) -> None:
    first, second, third = FaceSet.open(copied).ids("train")[:3]
    (copied / f"images/{first}.png").write_text("not an image")
    (copied / f"parsing/{second}.png").unlink()
    Image.fromarray(np.full((64, 64), 40, dtype=np.uint8)).save(copied / f"parsing/{third}.png")
    report = examine(copied)
    assert checks(report) == {"files", "images", "parsing"}
    problems = "\n".join(f"{finding.where} {finding.problem}" for finding in report.findings)
    assert f"{first}.png cannot be read as an image" in problems
    assert f"{second}.png is listed in manifest.json, but is not there" in problems
    assert f"{third}.png has the class 40" in problems
    assert f"images/{first}.png has changed" in problems
    assert str(copied) not in problems


def test_overlapping_splits_are_found_by_id_and_by_pixels(copied: Path) -> None:
    faces = FaceSet.open(copied)
    train, val = faces.ids("train"), faces.ids("val")
    (copied / "splits/val.txt").write_text("\n".join([*val, train[0]]) + "\n")
    Image.open(copied / f"images/{train[1]}.png").save(copied / f"images/{val[1]}.png", compress_level=1)
    seal(copied, "splits/val.txt", f"images/{val[1]}.png")
    report = examine(copied)
    assert checks(report) == {"splits"}
    by_id, by_pixels = report.findings
    assert f"'{train[0]}' is in train and in val" in by_id.problem
    assert "has the same pixels as" in by_pixels.problem
    assert train[1] in by_pixels.where + by_pixels.problem
    assert val[1] in by_pixels.where + by_pixels.problem


def test_nan_in_landmarks_is_found(copied: Path) -> None:
    faces = FaceSet.open(copied)
    points = {face: (np.zeros((68, 2), dtype=np.float32), np.ones(68, dtype=bool)) for face in faces.ids("train")}
    points[faces.ids("train")[0]][0][5] = np.nan
    write_landmarks(copied / "landmarks.npz", points)
    seal(copied, "landmarks.npz")
    (finding,) = examine(copied).findings
    assert finding.check == "landmarks"
    assert "landmark 5 is NaN" in finding.problem


def test_a_map_of_another_size_is_found(copied: Path) -> None:
    name = f"parsing/{FaceSet.open(copied).ids('val')[0]}.png"
    Image.new("L", (32, 64)).save(copied / name)
    seal(copied, name)
    (finding,) = examine(copied).findings
    assert finding == Finding("sizes", name, "is 64 x 32, but its image is 64 x 64")


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


def test_what_is_no_set_or_no_lr_is_told(tmp_path: Path, tiny_faces: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        examine(tmp_path / "nowhere")
    (finding,) = examine(tiny_faces, lr=tmp_path / "nowhere").findings
    assert finding.check == "lr"
    assert "there is no such folder" in finding.problem
