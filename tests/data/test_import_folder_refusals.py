"""Folders that are not imported, each with its sentence."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from priorsr.data.importers.folder import import_folder
from priorsr.data.landmarks_file import write_landmarks
from priorsr.errors import DataError, PriorsrError


@pytest.mark.parametrize(
    "stranger", ["loose.png", "train/loose.png", "landmarks.npz", "train/masks", "train/notes.txt", "README.png"]
)
def test_what_would_be_left_out_is_told(src: Path, tmp_path: Path, stranger: str) -> None:
    for aside in ("LICENSE", "train/LICENCE.txt", "train/readme.md", "train/images/README", ".hidden"):
        (src / aside).write_text("words")
    if "." in stranger:
        (src / stranger).write_bytes(b"")
    else:
        (src / stranger).mkdir()
    with pytest.raises(DataError, match=f"{stranger}: is not used by the import; only .* were expected"):
        import_folder(src, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (src / stranger).rename(tmp_path / "elsewhere")
    assert import_folder(src, tmp_path / "out").verify() == []


def test_wrong_sources_are_told_in_a_sentence(src: Path, tiny_faces: Path, tmp_path: Path) -> None:
    def refused(match: str, **options: object) -> None:
        with pytest.raises(PriorsrError, match=match) as caught:
            import_folder(src, tmp_path / "out", **options)  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)

    with pytest.raises(DataError, match="there is no such folder"):
        import_folder(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(DataError, match="is not a folder"):
        import_folder(src / "README.md", tmp_path / "out")
    refused("size is 0; a number from 1", size=0)
    refused("no label map 'mine'", labels="mine")
    refused("landmarks cannot be computed from parsing maps of helen-11", labels="helen-11")
    refused(r"has the class 1\d; the classes 0 to 10 of helen-11", labels="helen-11", landmarks="none")
    images, maps = src / "train/images", src / "train/parsing"
    face = sorted(images.iterdir())[0]
    shutil.rmtree(tmp_path / "out")
    (images / "notes.txt").write_text("hello")
    refused(r"notes\.txt: is not an image")
    (images / "notes.txt").unlink()
    (images / "text.png").write_text("hello")
    (maps / "text.png").write_text("hello")
    refused(r"text\.png: cannot be read as an image")
    (images / "text.png").unlink()
    refused(r"text\.png: has no image of the same name")
    (maps / "text.png").rename(maps / "text.gif")
    refused(r"text\.gif: is not an image")
    (maps / "text.gif").unlink()
    shutil.copy(face, images / f"{face.stem}.webp")
    refused("has the same name")
    (images / f"{face.stem}.webp").unlink()
    Image.new("L", (32, 32)).save(maps / face.name)
    refused(rf"{face.name}: is 64 x 64, but its parsing map is 32 x 32")
    (maps / face.name).unlink()
    refused(rf"{face.name}: has no parsing map of the same name")
    shutil.copy(images / face.name, maps / face.name)
    refused("class indices in one channel")
    shutil.copy(images / face.name, src / "test/images")
    refused(f"{face.stem!r} is given twice, in train and in test")
    (src / "lr").mkdir()
    refused("lr: is not used by the import; only train, val, test were expected")
    with pytest.raises(DataError, match="is a face set already"):
        import_folder(tiny_faces, tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no images"):
        import_folder(tmp_path / "empty", tmp_path / "out")


NOT_UTF8 = os.fsdecode(b"caf\xe9.png")


@pytest.mark.parametrize("name", [NOT_UTF8, "a\nb.png", "a\u2028b.png", "a\x1bb.png", "a\x85b.png", "a\\\\b.png"])
@pytest.mark.parametrize("place", ["train/images", "train/parsing", "test/images", "train"])
def test_names_that_no_face_can_have_are_refused_before_any_work(
    src: Path, tmp_path: Path, name: str, place: str
) -> None:
    shutil.copy(next((src / "train/images").iterdir()), src / place / name)
    with pytest.raises(DataError, match=rf"{place}: holds .* which cannot be the name of a face's file: ") as raised:
        import_folder(src, tmp_path / "out")
    assert str(raised.value).isprintable()
    assert not (tmp_path / "out").exists()


def test_a_folder_whose_name_is_not_utf8_needs_another_name(src: Path, tmp_path: Path) -> None:
    odd = src.rename(tmp_path / os.fsdecode(b"caf\xe9"))
    with pytest.raises(DataError, match="the set's name .* is not UTF-8; give another name"):
        import_folder(odd, tmp_path / "out")
    with pytest.raises(DataError, match="the set's source .* is not UTF-8; give another source"):
        import_folder(odd, tmp_path / "out", name="cafe")
    assert not (tmp_path / "out").exists()
    assert import_folder(odd, tmp_path / "out", name="cafe", source="mine").manifest.name == "cafe"
    assert import_folder(tmp_path / odd, tmp_path / odd.name / "out", name="cafe", source="mine").verify() == []


@pytest.mark.parametrize("name", ["000000.JPG", "thumbs.db", "Thumbs.db", ".DS_Store", "._000000.png", "desktop.ini"])
def test_suffixes_in_capitals_are_images_and_strays_are_not(src: Path, tmp_path: Path, name: str) -> None:
    first = sorted((src / "train/images").iterdir())[0]
    (src / "train/__MACOSX").mkdir()
    if name.endswith("JPG"):
        first.rename(first.with_suffix(".PNG"))
    else:
        for inner in ("train/images", "train/parsing", "train", ""):
            (src / inner / name).write_bytes(b"stray")
    assert len(import_folder(src, tmp_path / "out").ids("train")) == 7


def test_ids_that_differ_in_letter_case_only_are_refused(src: Path, tmp_path: Path) -> None:
    shutil.rmtree(src / "train")
    for place, name in (("val", "Ann.png"), ("test", "ann.png")):
        for part in ("images", "parsing") if place == "val" else ("images",):
            shutil.copy(next((src / place / part).iterdir()), src / place / part / name)
    with pytest.raises(DataError, match="the faces 'Ann' and 'ann' have the same name where a file system ignores"):
        import_folder(src, tmp_path / "out")


def test_lossy_maps_are_refused_whatever_they_are_called(src: Path, tmp_path: Path) -> None:
    parsing = sorted((src / "train/parsing").iterdir())[0]
    Image.fromarray(np.asarray(Image.open(parsing))).save(parsing, "JPEG", quality=100)
    with pytest.raises(DataError, match=rf"{parsing.name}: is a lossy JPEG image, which changes values; a PNG was"):
        import_folder(src, tmp_path / "out")
    parsing.rename(parsing.with_suffix(".jpg"))
    with pytest.raises(DataError, match=rf"{parsing.stem}\.jpg: is a lossy JPEG image"):
        import_folder(src, tmp_path / "out")


def test_images_that_exif_turns_have_no_maps_and_no_landmarks(src: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    image = sorted((src / "train/images").iterdir())[0]
    upright = np.asarray(Image.open(image))
    Image.open(image).save(image, exif=exif)
    with pytest.raises(DataError, match=rf"{image.name}: has the EXIF orientation 6, and its parsing map may be of"):
        import_folder(src, tmp_path / "out")
    shutil.rmtree(src / "train/parsing")
    points = {image.stem: (np.random.default_rng(0).random((68, 2)) * 64, np.ones(68, dtype=bool))}
    write_landmarks(src / "train/landmarks.npz", points)
    with pytest.raises(DataError, match=rf"{image.name}: has the EXIF orientation 6, and its landmarks may be of"):
        import_folder(src, tmp_path / "out2")
    (src / "train/landmarks.npz").unlink()
    made = import_folder(src, tmp_path / "out3", landmarks="none")
    assert np.array_equal(made.image(image.stem), np.rot90(upright, -1))


@pytest.mark.parametrize(
    ("points", "size", "problem"),
    [
        (np.full((68, 2), 7.0), None, "all 68 valid landmarks lie in one place"),
        (np.random.default_rng(0).random((68, 2)) * 20 + 70, None, "all 68 valid landmarks lie outside of the image"),
        (np.random.default_rng(0).random((68, 2)) * 1e7, None, "landmark 0 is at x = .*, far outside of"),
        (np.random.default_rng(0).random((68, 2)) * 1e30, 32, "landmark 0 is at x = .*, far outside of"),
    ],
)
def test_landmarks_that_no_face_has_are_refused(
    src: Path, tmp_path: Path, points: np.ndarray, size: int | None, problem: str
) -> None:
    face = sorted((src / "test/images").iterdir())[1].stem
    write_landmarks(src / "test/landmarks.npz", {face: (points, np.ones(68, dtype=bool))})
    with pytest.raises(DataError, match=rf"{face}\.png: in landmarks\.npz: {problem}"):
        import_folder(src, tmp_path / "out", size=size)
