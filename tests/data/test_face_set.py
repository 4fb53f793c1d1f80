from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from priorsr.data import FaceSet, Pixels, Provenance, write_face_set
from priorsr.data.images import read_image
from priorsr.data.landmarks_file import read_landmarks, write_landmarks
from priorsr.data.maps import read_parsing
from priorsr.errors import DataError, PriorsrError
from tests.data.box_faces import ABOUT, HAND, faces, pixels


def edit_manifest(folder: Path, **changes: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_set_gives_back_what_was_written(tmp_path: Path) -> None:
    parsing = np.arange(64, dtype=np.uint8).reshape(8, 8) % 19
    points = np.random.default_rng(0).random((68, 2)).astype(np.float32), np.arange(68) % 2 == 0

    def make(index: int) -> Pixels:
        return (
            pixels(index)._replace(parsing=parsing, landmarks=points, image_format="JPEG")
            if index < 3
            else pixels(index)
        )

    write_face_set(tmp_path / "set", faces(make=make), ABOUT, parsing=HAND, landmarks=HAND)
    opened = FaceSet.open(tmp_path / "set")
    assert opened.splits == ("train", "val")
    assert opened.ids("train") == ("f0", "f1", "f2")
    for index in range(4):
        assert np.array_equal(opened.image(f"f{index}"), pixels(index).image)
    found, landmarks = opened.parsing("f1"), opened.landmarks("f1")
    assert found is not None
    assert np.array_equal(found, parsing)
    assert landmarks is not None
    assert landmarks[0].dtype == np.float32
    assert np.array_equal(landmarks[0], np.where(points[1][:, None], points[0], 0))
    assert np.array_equal(landmarks[1], points[1])
    assert opened.parsing("f3") is None
    assert opened.landmarks("f3") is None
    assert opened.has_parsing
    assert opened.has_landmarks
    assert opened.manifest.priors == {"parsing": HAND, "landmarks": HAND}
    assert opened.manifest.image_formats == {"JPEG": 3, "PNG": 1}
    assert opened.manifest.image_sizes == ((8, 8),)
    assert opened.verify() == []


def test_the_hash_is_the_content_s(tmp_path: Path) -> None:
    one = write_face_set(tmp_path / "one", faces(), ABOUT)
    two = write_face_set(tmp_path / "two", faces(), ABOUT._replace(name="other"))
    other = write_face_set(tmp_path / "three", faces(make=lambda index: pixels(index + 1)), ABOUT)
    assert one.hash == two.hash != other.hash


def test_an_unknown_split_lists_the_splits(tiny_faces: Path) -> None:
    with pytest.raises(PriorsrError, match="no split 'valid'; did you mean 'val'"):
        FaceSet.open(tiny_faces).ids("valid")
    with pytest.raises(PriorsrError, match="test, train, val"):
        FaceSet.open(tiny_faces).ids("xyz")


def test_a_broken_manifest_is_told_in_a_sentence(copied: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        FaceSet.open(copied / "nowhere")
    with pytest.raises(DataError, match="priorsr data import makes one"):
        FaceSet.open(copied / "images")
    edit_manifest(copied, label_map="celeba")
    with pytest.raises(DataError, match=r"manifest\.json: there is no label map 'celeba'"):
        FaceSet.open(copied)
    edit_manifest(copied, label_map="celebamask-19", format=2)
    with pytest.raises(DataError, match="format is 2: input should be 1"):
        FaceSet.open(copied)
    edit_manifest(copied, format=1, files={"../secret.png": "0" * 64})
    with pytest.raises(DataError, match="a path inside the set was expected"):
        FaceSet.open(copied)
    (copied / "manifest.json").write_text('{"format": 1')
    with pytest.raises(DataError, match="cannot be read as JSON"):
        FaceSet.open(copied)


def test_broken_splits_are_told(copied: Path) -> None:
    split = copied / "splits/val.txt"
    ids = split.read_text()
    split.write_text(ids + "nobody\n")
    with pytest.raises(DataError, match="lists 'nobody', which has no image"):
        FaceSet.open(copied)
    split.write_text("")
    with pytest.raises(DataError, match="lists no faces"):
        FaceSet.open(copied)
    split.write_text(ids + ids)
    with pytest.raises(DataError, match="twice"):
        FaceSet.open(copied)


def test_broken_files_are_told_by_name(copied: Path) -> None:
    faces = FaceSet.open(copied)
    first, second, third = faces.ids("train")[:3]
    with pytest.raises(DataError, match="no face 'nobody'"):
        faces.image("nobody")
    (copied / f"images/{first}.png").write_text("this is no picture")
    with pytest.raises(DataError, match=rf"{first}\.png: cannot be read as an image"):
        read_image(copied / f"images/{first}.png")
    (copied / f"images/{second}.png").write_bytes((copied / f"images/{second}.png").read_bytes()[:900])
    with pytest.raises(DataError, match=rf"{second}\.png: cannot be read as an image"):
        read_image(copied / f"images/{second}.png")
    Image.fromarray(np.full((64, 64), 23, dtype=np.uint8)).save(copied / f"parsing/{third}.png")
    with pytest.raises(DataError, match=rf"{third}\.png: has the class 23; the classes 0 to 18 of celebamask-19"):
        read_parsing(copied / f"parsing/{third}.png", faces.label_map)
    Image.new("RGB", (64, 64)).save(copied / f"parsing/{third}.png")
    with pytest.raises(DataError, match="one channel"):
        read_parsing(copied / f"parsing/{third}.png", faces.label_map)
    Image.new("RGBA", (64, 64)).save(copied / f"images/{third}.png")
    with pytest.raises(DataError, match="transparent pixels"):
        read_image(copied / f"images/{third}.png")
    Image.new("I;16", (64, 64)).save(copied / f"images/{third}.png")
    with pytest.raises(DataError, match="8 bits"):
        read_image(copied / f"images/{third}.png")
    found = "\n".join(faces.verify())
    assert len(faces.verify()) == 4
    assert all(name in found for name in (f"images/{first}.png", f"images/{second}.png", f"parsing/{third}.png"))


def test_what_has_changed_is_never_handed_out(copied: Path) -> None:
    faces = FaceSet.open(copied)
    first, second, third = faces.ids("train")[:3]
    shutil.copy(copied / f"images/{second}.png", copied / f"images/{first}.png")
    shutil.copy(copied / f"parsing/{second}.png", copied / f"parsing/{first}.png")
    (copied / f"images/{third}.png").unlink()
    np.savez(copied / "landmarks.npz", ids=np.array([first]), landmarks=np.zeros((1, 68, 2)))
    changed = "has changed since the set was made"
    for name, read in (("images", faces.image), ("parsing", faces.parsing)):
        with pytest.raises(DataError, match=rf"{name}/{first}\.png: {changed}"):
            read(first)
    with pytest.raises(DataError, match=rf"images/{third}\.png: is listed in manifest\.json, but is not there"):
        faces.image(third)
    with pytest.raises(DataError, match=rf"landmarks\.npz: {changed}"):
        faces.landmarks(first)


def test_verify_finds_missing_and_foreign_files(copied: Path) -> None:
    face = FaceSet.open(copied).ids("val")[0]
    (copied / f"parsing/{face}.png").unlink()
    (copied / "images/stranger.png").write_bytes(b"")
    first, second = FaceSet.open(copied).verify()
    assert f"parsing/{face}.png: is listed in manifest.json, but is not there" in first
    assert "images/stranger.png: is not listed" in second


def test_nan_in_landmarks_is_told(copied: Path) -> None:
    faces = FaceSet.open(copied)
    points = {}
    for face in faces.ids("train"):
        found = faces.landmarks(face)
        assert found is not None
        points[face] = (found[0].copy(), found[1])
    broken = faces.ids("train")[2]
    points[broken][0][17, 1] = np.nan
    write_landmarks(copied / "landmarks.npz", points)
    with pytest.raises(DataError, match=rf"landmarks\.npz: the face '{broken}': landmark 17 is NaN"):
        read_landmarks(copied / "landmarks.npz", faces.landmark_scheme)
    (copied / "landmarks.npz").write_text("numbers")
    with pytest.raises(DataError, match=r"landmarks\.npz: cannot be read"):
        read_landmarks(copied / "landmarks.npz", faces.landmark_scheme)
    np.savez(copied / "landmarks.npz", ids=np.array(["a"]), landmarks=np.zeros((1, 5, 2)))
    with pytest.raises(DataError, match=r"\(68, 2\) and \(68,\) were expected for ibug-68"):
        read_landmarks(copied / "landmarks.npz", faces.landmark_scheme)
    np.savez(copied / "landmarks.npz", points=np.zeros(3))
    with pytest.raises(DataError, match="arrays called ids and landmarks were expected"):
        read_landmarks(copied / "landmarks.npz", faces.landmark_scheme)


def test_images_of_another_size_than_the_manifest_says_are_refused(copied: Path) -> None:
    edit_manifest(copied, image_sizes=[[32, 32]])
    faces = FaceSet.open(copied)
    face = faces.ids("train")[0]
    for read in (faces.image, faces.parsing):
        with pytest.raises(
            DataError, match=rf"{face}\.png: is 64 x 64; 32 x 32 was expected, as manifest\.json has it"
        ):
            read(face)


def test_a_huge_image_in_a_set_is_refused_by_its_header(copied: Path, raw_png) -> None:
    face = FaceSet.open(copied).ids("train")[0]
    content = raw_png(12_000, 12_000, 8, 2, b"")
    for part in ("images", "parsing"):
        (copied / f"{part}/{face}.png").write_bytes(content)
        files = json.loads((copied / "manifest.json").read_text())["files"]
        edit_manifest(copied, files=files | {f"{part}/{face}.png": hashlib.sha256(content).hexdigest()})
    for sizes, problem in (([[64, 64]], "64 x 64 was expected"), ([[12_000, 12_000]], "an image of at most")):
        edit_manifest(copied, image_sizes=sizes)
        faces = FaceSet.open(copied)
        for read in (faces.image, faces.parsing):
            with pytest.raises(DataError, match=f"is 12000 x 12000; {problem}"):
                read(face)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"image_sizes": []}, r"image_sizes is \[\]: .* at least 1 item"),
        ({"image_sizes": [[0, 64]]}, "image_sizes.0.0 is 0: input should be greater than 0"),
        ({"original_sizes": [[-5, 64]]}, "original_sizes.0.0 is -5: input should be greater than 0"),
        ({"priors": {}}, "the manifest: priors names no tool that made the parsing that files lists"),
        ({"files": {}}, "the manifest: priors names a tool that made parsing, of which files lists none"),
        ({"files": {"images/a\x00.png": "0" * 64}}, "cannot be the name of a file: it holds a control character"),
        ({"files": {"images/a\ud800.png": "0" * 64}}, "which is no Unicode text"),
        ({"files": {"images/..\\\\a.png": "0" * 64}}, "cannot be the name of a file: a name without a slash"),
        ({"files": {"images/" + "a" * 300: "0" * 64}}, "it has 300 bytes; at most 205 were expected"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(copied: Path, changes: dict[str, Any], problem: str) -> None:
    edit_manifest(copied, **changes)
    with pytest.raises(DataError, match=rf"manifest\.json: .*{problem}"):
        FaceSet.open(copied)


@pytest.mark.parametrize(
    "odd",
    [
        {"estimated_from": "lr"},
        {"estimated_from": "lr", "scale": 8},
        {"estimated_from": "hr", "reduction": "pil-bicubic", "scale": 8},
        {"scale": 8},
    ],
)
def test_a_prior_s_maker_says_how_lr_was_made_where_it_saw_lr_and_only_there(odd: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a reduction and a scale were expected where estimated_from is lr"):
        Provenance(tool="t", version="1", **odd)
    assert Provenance(tool="t", version="1", estimated_from="lr", reduction="pil-bicubic", scale=4).scale == 4


def test_a_pipe_in_a_set_is_not_waited_for(copied: Path) -> None:
    face = FaceSet.open(copied).ids("train")[0]
    (copied / f"images/{face}.png").unlink()
    os.mkfifo(copied / f"images/{face}.png")
    with pytest.raises(DataError, match=r"is a pipe or a device; the file that manifest\.json lists was expected"):
        FaceSet.open(copied).image(face)
    (copied / "splits/val.txt").unlink()
    os.mkfifo(copied / "splits/val.txt")
    with pytest.raises(DataError, match=r"val\.txt: is a pipe or a device; a list of ids was expected"):
        FaceSet.open(copied)


def test_splits_may_have_a_byte_order_mark_blank_lines_and_other_line_ends(copied: Path) -> None:
    split = copied / "splits/val.txt"
    expected = FaceSet.open(copied).ids("val")
    split.write_bytes(b"\xef\xbb\xbf" + split.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert FaceSet.open(copied).ids("val") == expected
