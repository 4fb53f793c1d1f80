"""Images of folders and zips, by their stems."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from priorsr.bench.made_elsewhere.folders import images_by_stem, paired, read_pairs
from priorsr.errors import DataError


def draw(path: Path, value: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (value, 0, 0)).save(path)
    return path


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as file:
        for member in sorted(folder.rglob("*")):
            file.write(member, member.relative_to(folder))
    return path


@pytest.mark.parametrize("form", [Path, zipped])
def test_images_are_found_by_stem_and_strays_are_not(tmp_path: Path, form) -> None:
    folder = tmp_path / "sr"
    for name, value in (("b.png", 2), ("inside/a.webp", 1), ("__MACOSX/b.png", 3), ("._b.png", 4)):
        draw(folder / name, value)
    (folder / "notes.txt").write_text("not an image")
    found = images_by_stem(form(folder))
    assert list(found) == ["a", "b"]
    assert found["b"].read()[0, 0].tolist() == [2, 0, 0]


def test_two_images_of_one_stem_are_refused_by_their_names(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", 1)
    draw(tmp_path / "more/a.jpg", 1)
    with pytest.raises(DataError, match=r"more/a\.jpg: has the stem of .*a\.png"):
        images_by_stem(tmp_path)


@pytest.mark.parametrize("form", [Path, zipped])
def test_a_folder_without_images_is_refused(tmp_path: Path, form) -> None:
    (tmp_path / "sr").mkdir()
    with pytest.raises(DataError, match=r"sr.*: holds no image"):
        images_by_stem(form(tmp_path / "sr"))


def test_what_is_neither_folder_nor_zip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no: a folder or a zip of images was expected"):
        images_by_stem(tmp_path / "no")
    (tmp_path / "a.zip").write_text("no zip")
    with pytest.raises(DataError, match=r"a\.zip: cannot be read as a zip"):
        images_by_stem(tmp_path / "a.zip")


def test_a_damaged_member_names_itself(tmp_path: Path) -> None:
    folder = tmp_path / "sr"
    draw(folder / "a.png", 1)
    path = zipped(folder)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"IDAT", b"IDAX"))
    with pytest.raises(DataError, match=r"sr\.zip/a\.png: cannot be read"):
        images_by_stem(path)["a"].read()


def test_missing_partners_are_counted_with_an_example(tmp_path: Path) -> None:
    for name in "abc":
        draw(tmp_path / f"{name}.png", 1)
    found = images_by_stem(tmp_path)
    assert list(paired(found, "abc", None, "sr")) == ["a", "b", "c"]
    with pytest.raises(DataError, match="sr: 1 of 4 are faces without an SR image of their stem, such as 'd'"):
        paired(found, "abcd", None, "sr")
    with pytest.raises(DataError, match="sr: 1 of 3 are SR images without a face of their stem, such as 'c'"):
        paired(found, "ab", None, "sr")


def test_pairs_name_images_of_other_stems(tmp_path: Path) -> None:
    draw(tmp_path / "sr/a_x8.png", 7)
    (tmp_path / "pairs.csv").write_text("\ufeffHR,sr\na.png,a_x8.png\n\n", encoding="utf-8")
    pairs = read_pairs(tmp_path / "pairs.csv")
    assert pairs == {"a": "a_x8"}
    found = paired(images_by_stem(tmp_path / "sr"), ["a"], pairs, "sr")
    assert found["a"].read()[0, 0, 0] == 7
    with pytest.raises(DataError, match="pairs.csv, sr: 1 of 2 are faces without a line in the pairs, such as 'b'"):
        paired(images_by_stem(tmp_path / "sr"), ["a", "b"], pairs, "sr")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\nx,y\n", "begins with 'a,b'; the columns sr,hr were expected"),
        ("", "the columns sr,hr were expected"),
        ("sr,hr\nx\n", "line 2 has 1 columns"),
        ("sr,hr\nx,a\ny,a\n", "line 3 names 'a' or 'y' a second time"),
        ("sr,hr\nx,a\nx,b\n", "line 3 names 'b' or 'x' a second time"),
    ],
)
def test_a_list_of_pairs_that_contradicts_itself_is_refused_by_line(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(DataError, match=reason):
        read_pairs(tmp_path / "pairs.csv")


def test_pixels_are_those_of_the_file(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert np.array_equal(images_by_stem(tmp_path)["a"].read(), pixels)
