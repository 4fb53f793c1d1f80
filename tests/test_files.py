"""Files that are there whole or not at all."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError, field_validator, model_validator

from priorsr.errors import DataError, MissingExtraError
from priorsr.files import (
    atomic_json,
    atomic_path,
    atomic_text,
    first_mistake,
    read_json,
    require_extra,
    sha256_file,
    sha256_json,
    without_home,
)


def test_a_failed_write_leaves_the_old_file_and_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    atomic_text(path, "old")
    with pytest.raises(RuntimeError), atomic_path(path) as beside:
        beside.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_json_is_read_back_and_nan_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    atomic_json(path, {"é": [1, 2.5, None]})
    assert read_json(path) == {"é": [1, 2.5, None]}
    with pytest.raises(ValueError, match="JSON"):
        atomic_json(path, {"a": float("nan")})
    assert read_json(path) == {"é": [1, 2.5, None]}


@pytest.mark.parametrize(("text", "message"), [(None, "there is no such file"), ("{", "cannot be read as JSON")])
def test_a_missing_or_broken_json_names_the_file(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "a.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=message) as raised:
        read_json(path)
    assert str(path) in str(raised.value)


def test_hashes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_file(tmp_path / "a").startswith("ba7816bf8f01cfea")
    assert sha256_json({"b": 1, "a": [2]}) == sha256_json(json.loads('{"a": [2], "b": 1}'))
    assert sha256_json({"a": 1}) != sha256_json({"a": 2})


def test_a_missing_extra_is_named() -> None:
    with pytest.raises(MissingExtraError, match=r"no_such_module.*priorsr\[train\]"):
        require_extra("no_such_module", "train")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"size": "wide", "part": {"name": "a"}}, "size is 'wide': input should be a valid integer"),
        ({"part": {"name": "a"}}, "size: field required"),
        ({"size": 1, "part": {"name": "B" * 99}}, f"part.name is '{'B' * 79}: ten Bs are too many"),
        ({"size": 1, "part": {"name": "a", "odd": [2]}}, r"part.odd is \[2\]: extra inputs are not permitted"),
        ({"size": 7, "part": {"name": "a"}}, "the note: 7 is never right"),
        ([], r"the note is \[\]: input should be a valid dictionary"),
    ],
)
def test_pydantics_first_error_is_told_in_words(content: object, told: str) -> None:
    class Part(BaseModel, extra="forbid"):
        name: str

        @field_validator("name")
        @classmethod
        def _short(cls, name: str) -> str:
            if len(name) > 9:
                raise ValueError("Ten Bs are too many")
            return name

    class Note(BaseModel):
        size: int
        part: Part

        @model_validator(mode="after")
        def _right(self) -> Note:
            if self.size == 7:
                raise ValueError("7 is never right")
            return self

    with pytest.raises(ValidationError) as raised:
        Note.model_validate(content)
    assert re.match(told, first_mistake(raised.value, "the note"))


def test_leading_parts_that_are_not_the_files_are_left_out() -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(list[int]).validate_python(["x"])
    assert first_mistake(raised.value, "the line", skip=1).startswith("the line is 'x': ")


def test_the_home_folder_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert without_home("put a.pth into /home/ann/.cache/torch") == "put a.pth into ~/.cache/torch"
    assert without_home("'/home/ann' and /home/anna") == "'~' and /home/anna"
    monkeypatch.setenv("HOME", "/")
    assert without_home("put a.pth into /var") == "put a.pth into /var"
