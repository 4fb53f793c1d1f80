"""JSON of others: what is broken, hostile or too large is one sentence that names the file and the field."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from priorsr.errors import DataError
from priorsr.reading import json_files
from priorsr.reading.json_files import parse_facts, parse_json, read_facts, read_json

BROKEN = {
    "{": "cannot be read as JSON",
    "": "cannot be read as JSON",
    '{"a": NaN}': "NaN is no number of JSON's",
    '{"a": -Infinity}': "-Infinity is no number of JSON's",
    '{"a": {"b": 1e999}}': "a.b is inf; a finite number was expected",
    '{"a": [0, 1180591620717411303424]}': "a.1 is a whole number beyond 64 bits",
    '{"a": -1180591620717411303424}': "a is a whole number beyond 64 bits",
    "1" * 5000: "cannot be read as JSON",
    '{"a": "\\ud800"}': r"a holds '\\ud800', which is no Unicode text",
    '{"\\udfff": 1}': r"holds '\\udfff', which is no Unicode text",
    '{"a": 1, "b": 2, "a": 3}': "the key 'a' is there twice",
    "[" * 100_000: "nested too deep",
    '{"a":' * 100_000: "nested too deep",
    "[" * 70 + "]" * 70: "0.0.0... is nested more than 64 deep",
    b"\xff\xfe": "cannot be read as JSON",
}


@pytest.mark.parametrize(("content", "sentence"), BROKEN.items(), ids=lambda case: repr(case)[:30])
def test_what_json_does_not_hold_is_refused(content: str | bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as raised:
        read_json(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert sentence.replace("\\\\", "\\") in str(raised.value)


def test_what_json_holds_is_read() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": [9223372036854775807, 1e308, "\\ud83d\\ude42", null]}', "a.json") == {
        "a": [2**63 - 1, 1e308, "🙂", None]
    }
    assert parse_json("[" * 60 + "]" * 60, "a.json")


def test_what_is_no_file_of_that_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, sentence in (
        (tmp_path / "none.json", "there is no such file; a JSON file was expected"),
        (tmp_path, "is a folder"),
        (tmp_path / "a\0b", "cannot be read"),
        (Path("/dev/zero"), "is a pipe or a device"),
        (tmp_path / "pipe", "is a pipe or a device"),
        (tmp_path / "large", "has 8 bytes; a JSON file of at most 7 bytes was expected"),
    ):
        if path.name == "pipe":
            os.mkfifo(path)
        if path.name == "large":
            path.write_text('"123456"')
            monkeypatch.setattr(json_files, "MOST_BYTES", 7)
        with pytest.raises(DataError, match=sentence):
            read_json(path)


class Size(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    name: str
    size: tuple[int, int]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"name": "a"}', "size: field required"),
        ('{"name": "a", "size": [1, "2"]}', "size.1 is '2': input should be a valid integer"),
        ('{"name": "a", "size": [1, true]}', "size.1 is True: input should be a valid integer"),
        ('{"name": "a", "size": [1, 2], "odd\\u001b": 1}', r"odd\x1b is 1: extra inputs are not permitted"),
        ('{"name": "a", "size": [1, 2], "name": "b"}', "the key 'name' is there twice"),
        ("[]", "the size is []: input should be an object"),
    ],
)
def test_a_described_file_is_held_to_its_description(content: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(DataError) as raised:
        read_facts(tmp_path / "a.json", Size, "the size")
    assert str(raised.value).startswith(f"{tmp_path / 'a.json'}: ")
    assert sentence in str(raised.value)


def test_a_described_file_is_read() -> None:
    assert parse_facts('{"name": "a", "size": [1, 2]}', "a.json", Size, "the size") == Size(name="a", size=(1, 2))
