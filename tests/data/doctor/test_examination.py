from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from priorsr.data import FaceSet
from priorsr.data.doctor import Examination, examine
from priorsr.data.doctor.findings import Finding
from priorsr.data.landmarks_file import write_landmarks
from priorsr.errors import DataError
from priorsr.files import sha256_file
from tests.data.doctor.damaged_sets import checks, make_lr


def seal(folder: Path, *names: str) -> None:
    """Bring the manifest's hashes up to date, as someone does who changes a set on purpose."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"] |= {name: sha256_file(folder / name) for name in names}
    path.write_text(json.dumps(manifest))


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


def test_what_is_no_set_or_no_lr_is_told(tmp_path: Path, tiny_faces: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        examine(tmp_path / "nowhere")
    (finding,) = examine(tiny_faces, lr=tmp_path / "nowhere").findings
    assert finding.check == "lr"
    assert "there is no such folder" in finding.problem


def change(folder: Path, **changes: object) -> None:
    """Change the manifest."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def sole(report: Examination) -> tuple[str, str, str]:
    (finding,) = report.findings
    return finding.check, finding.where, finding.problem


def test_empty_maps_are_found(copied: Path) -> None:
    name = f"parsing/{FaceSet.open(copied).ids('val')[0]}.png"
    for value, shown in ((0, "background"), (1, "skin")):
        Image.new("L", (64, 64), value).save(copied / name)
        seal(copied, name)
        assert sole(examine(copied)) == ("parsing", name, f"is empty: it shows nothing but {shown}")


def test_lossy_turned_and_deep_files_are_found(copied: Path) -> None:
    a, b, c, d = FaceSet.open(copied).ids("train")[:4]
    exif = Image.Exif()
    exif[0x112] = 6
    Image.open(copied / f"parsing/{a}.png").convert("L").save(copied / f"parsing/{a}.png", "JPEG", quality=100)
    Image.open(copied / f"images/{b}.png").save(copied / f"images/{b}.png", exif=exif)
    Image.fromarray(np.zeros((64, 64), dtype=np.uint16)).save(copied / f"images/{c}.png")
    Image.new("RGB", (64, 64), (0, 0, 0)).save(copied / f"images/{d}.png")
    seal(copied, f"parsing/{a}.png", *(f"images/{face}.png" for face in (b, c, d)))
    assert [(finding.check, finding.where, finding.problem) for finding in examine(copied).findings] == [
        ("parsing", f"parsing/{a}.png", "is a lossy JPEG image, which changes values; a PNG was expected"),
        ("images", f"images/{b}.png", "has the EXIF orientation 6; an image stored upright was expected"),
        ("images", f"images/{c}.png", "has values of 16 bits; an image of 8 bits was expected"),
        ("images", f"images/{d}.png", "has one colour throughout, RGB (0, 0, 0)"),
    ]


def test_a_huge_image_is_found_without_decoding_it(copied: Path, raw_png) -> None:
    name = f"images/{FaceSet.open(copied).ids('val')[0]}.png"
    (copied / name).write_bytes(raw_png(12_000, 12_000, 8, 2, b""))
    seal(copied, name)
    problem = "is 12000 x 12000; an image of at most 67,108,864 pixels was expected"
    assert sole(examine(copied)) == ("images", name, problem)


def test_a_manifest_that_contradicts_its_images_is_found(copied: Path) -> None:
    change(copied, image_sizes=[[32, 32]], image_formats={"PNG": 11})
    report = examine(copied)
    assert {finding.problem for finding in report.findings if finding.check == "sizes"} == {
        "is 64 x 64, but manifest.json lists 32 x 32"
    }
    assert sum(finding.check == "sizes" for finding in report.findings) == 12
    assert [finding.problem for finding in report.findings if finding.check == "manifest"] == [
        "image_sizes has 32 x 32, which no image is",
        "image_formats counts 11 images, but files lists 12",
    ]


def test_priors_without_an_image_and_faces_without_a_split_are_found(copied: Path) -> None:
    faces = FaceSet.open(copied)
    face = faces.ids("test")[0]
    manifest = json.loads((copied / "manifest.json").read_text())
    del manifest["files"][f"images/{face}.png"]
    (copied / f"images/{face}.png").unlink()
    (copied / "splits/test.txt").write_text(f"{faces.ids('test')[1]}\n")
    change(copied, files=manifest["files"], image_formats={"PNG": 11})
    seal(copied, "splits/test.txt")
    assert [finding.problem for finding in examine(copied).findings] == [
        f"'{face}' has a parsing map, but no image",
        f"'{face}' has landmarks, but no image",
    ]
    (copied / "splits/test.txt").unlink()
    del manifest["files"]["splits/test.txt"]
    change(copied, files=manifest["files"])
    other = f"images/{faces.ids('test')[1]}.png"
    assert ("splits", other, "is in no split") in [
        (finding.check, finding.where, finding.problem) for finding in examine(copied).findings
    ]


def test_landmarks_that_no_face_has_are_found(copied: Path) -> None:
    faces = FaceSet.open(copied)
    known = {face: faces.landmarks(face) for split in faces.splits for face in faces.ids(split)}
    points = {face: (found[0].copy(), found[1].copy()) for face, found in known.items() if found}
    a, b, c, d = faces.ids("train")[:4]
    points[a][1][:] = False
    points[b][0][:] = 7
    points[c][0][:] += 60
    points[d][0][3] = 1e30
    write_landmarks(copied / "landmarks.npz", points)
    seal(copied, "landmarks.npz")
    report = examine(copied)
    assert checks(report) == {"landmarks"}
    assert [finding.problem for finding in report.findings] == [
        f"the face '{a}': it has no valid landmark",
        f"the face '{b}': all 68 valid landmarks lie in one place",
        f"the face '{c}': all 68 valid landmarks lie outside of the image of 64 x 64",
        f"the face '{d}': landmark 3 is at x = 1e+30, y = 1e+30, far outside of the image of 64 x 64",
    ]


def test_strays_of_systems_are_no_findings_and_other_files_are(copied: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "._a.png", "images/Thumbs.db", "images/._000000.png", "splits/.DS_Store"):
        (copied / name).write_bytes(b"stray")
    assert examine(copied).findings == []
    odd = os.fsdecode(b"images/caf\xe9: a.png")
    (copied / odd).write_bytes(b"odd")
    assert sole(examine(copied)) == ("files", r"images/caf\udce9: a.png", "is not listed in manifest.json")


def test_a_folder_with_a_colon_in_its_name_is_no_matter(copied: Path) -> None:
    odd = copied.rename(copied.parent / "a: b")
    face, other = FaceSet.open(odd).ids("train")[:2]
    lr = make_lr(odd)
    (lr / f"{other}.png").write_bytes(b"")
    (odd / f"images/{face}.png").write_text("no image")
    report = examine(odd)
    assert {finding.where for finding in report.findings} == {f"images/{face}.png", f"lr/{other}.png"}
    assert [finding.problem for finding in report.findings if finding.check == "images"] == [
        "cannot be read as an image; PNG, JPEG or WebP was expected"
    ] * 2


def test_faces_with_the_same_pixels_in_one_split_are_found(copied: Path) -> None:
    first, second = FaceSet.open(copied).ids("train")[:2]
    shutil.copy(copied / f"images/{first}.png", copied / f"images/{second}.png")
    seal(copied, f"images/{second}.png")
    problem = f"has the same pixels as images/{second}.png, both in train"
    assert sole(examine(copied)) == ("splits", f"images/{first}.png", problem)


def test_files_that_are_no_part_of_a_set_and_landmarks_of_no_face_are_found(copied: Path) -> None:
    shutil.copy(copied / "images/000000.png", copied / "portrait.png")
    np.savez(copied / "landmarks.npz", ids=np.array([], dtype=str), landmarks=np.zeros((0, 68, 2)))
    seal(copied, "portrait.png", "landmarks.npz")
    assert [(finding.check, finding.where, finding.problem) for finding in examine(copied).findings] == [
        ("landmarks", "landmarks.npz", "has the landmarks of no face"),
        ("manifest", "manifest.json", "files lists 'portrait.png', which is no part of a face set"),
    ]


def test_an_image_that_is_no_png_is_found(copied: Path) -> None:
    Image.open(copied / "images/000000.png").save(copied / "images/000000.png", "JPEG")
    seal(copied, "images/000000.png")
    assert sole(examine(copied)) == ("images", "images/000000.png", "is a JPEG image; a PNG was expected")
