"""Files that are there whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from priorsr.errors import DataError, MissingExtraError
from priorsr.files import atomic_json, atomic_path, atomic_text, read_json, require_extra, sha256_file, sha256_json


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
