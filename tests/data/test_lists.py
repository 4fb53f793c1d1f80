"""Lists as text editors and shells write them."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from priorsr.data.importers.lists import face_of, read_partition, read_rows, read_split_file
from priorsr.errors import DataError

TEXT = "a.jpg 0\nb.jpg 1\nc.jpg 2\n"
WRITTEN = {
    "plain": TEXT.encode(),
    "byte order mark": codecs.BOM_UTF8 + TEXT.encode(),
    "UTF-16 of Windows": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "UTF-16, big end first": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "CRLF": TEXT.replace("\n", "\r\n").encode(),
    "old Macs": TEXT.replace("\n", "\r").encode(),
    "blank lines": f"\n\n  \n{TEXT.replace(chr(10), chr(10) * 3)}\t\n".encode(),
    "no last line end": TEXT.rstrip().encode(),
    "tabs": TEXT.replace(" ", "\t").encode(),
    "spaces around": TEXT.replace(" ", "    ").replace("\n", "  \n  ").encode(),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.txt"


@pytest.mark.parametrize("how", WRITTEN)
def test_a_list_is_the_same_however_it_is_written(path: Path, how: str) -> None:
    path.write_bytes(WRITTEN[how])
    assert read_partition(path) == {"a": "train", "b": "val", "c": "test"}


def test_rows_keep_the_numbers_of_their_lines(path: Path) -> None:
    path.write_text("\n\na 1\n\nb 2\n")
    assert [(row.number, row.words) for row in read_rows(path)] == [(3, ["a", "1"]), (5, ["b", "2"])]
    assert str(read_rows(path)[1]) == "line 5 is 'b 2'"


def test_names_mean_faces_whatever_their_suffix() -> None:
    names = ["a.jpg", "a.JPG", "a.Png", "a.jpeg", "a.webp", "a"]
    assert {face_of(name) for name in names} == {"a"}
    assert face_of("100.1") == "100.1"
    assert face_of("100.1.jpg") == "100.1"
    assert face_of("a.jpg.jpg") == "a.jpg"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a.jpg 0\ncaf\xe9.jpg 1\n", "line 2 cannot be read as UTF-8"),
        (codecs.BOM_UTF16_LE + b"a\0b", "line 1 cannot be read as UTF-16"),
        (TEXT.encode("utf-16-le"), r"line 1 holds the character '\\x00'; a list as plain text was expected"),
        (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), r"line 1 holds the character '\\x00'"),
        (b"a.jpg 0\nb\x1b.jpg 1\n", r"line 2 holds the character '\\x1b'"),
        ("a.jpg 0\nb\u2028.jpg 1\n".encode(), r"line 2 holds the character '\\u2028'"),
        (b"a.jpg 0\n\nb.jpg 3\n", "line 3 is 'b.jpg 3'; an image's name and 0, 1 or 2 were expected"),
        (b"a.jpg,0\n", "line 1 is 'a.jpg,0'; an image's name and"),
        (b"a.jpg 0\nb.jpg 1\na.jpg 2\n", "names 'a.jpg' twice, in lines 1 and 3"),
        (b"a.jpg 0\nb.jpg 1\na.JPG 0\n", "names 'a.JPG' twice, in lines 1 and 3"),
    ],
)
def test_what_a_list_cannot_mean_is_told_by_its_line(path: Path, content: bytes, problem: str) -> None:
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"list\.txt: {problem}") as raised:
        read_partition(path)
    assert "\n" not in str(raised.value)


def test_split_files_are_read_as_all_lists(path: Path) -> None:
    path.write_bytes(codecs.BOM_UTF8 + b"a.jpg train\r\nB.JPG test\r\n")
    assert read_split_file(path, {"a", "B"}, {"train": 1, "test": 1}) == {"a": "train", "B": "test"}
    with pytest.raises(DataError, match=r"names 'B\.JPG', of which there is no image, in line 2"):
        read_split_file(path, {"a"}, None)
    for nothing in (b"", b"\n\n", codecs.BOM_UTF8):
        path.write_bytes(nothing)
        with pytest.raises(DataError, match=r"list\.txt: is empty; a list was expected"):
            read_split_file(path, {"a"}, None)
    with pytest.raises(DataError, match="is a folder; a list was expected"):
        read_split_file(path.parent, {"a"}, None)


def test_a_long_line_is_cut_in_its_sentence(path: Path) -> None:
    path.write_text("x" * 10_000)
    with pytest.raises(DataError) as raised:
        read_partition(path)
    assert len(str(raised.value)) < 400
