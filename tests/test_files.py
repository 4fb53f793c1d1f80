"""Files that are there whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from priorsr.errors import DataError, MissingExtraError
from priorsr.files import (
    atomic_json,
    atomic_path,
    atomic_text,
    check_folder,
    require_extra,
    sha256_file,
    sha256_json,
    without_home,
)
from priorsr.reading.json_files import read_json


def test_a_failed_write_leaves_the_old_file_and_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    atomic_text(path, "old")
    with pytest.raises(RuntimeError), atomic_path(path) as beside:
        beside.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


ODD: dict[str, Callable[[Path], object]] = {
    "a pipe or a device": os.mkfifo,
    "a folder": os.mkdir,
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_no_file_is_not_replaced(tmp_path: Path, what: str) -> None:
    """A root who writes to /dev/null would replace it for everybody."""
    ODD[what](tmp_path / "odd")
    (tmp_path / "link").symlink_to(tmp_path / "odd")
    for name in ("odd", "link"):
        with pytest.raises(DataError, match=f"{name}: is {what}; a file to write was expected"):
            atomic_text(tmp_path / name, "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "odd"]


def test_a_folder_is_not_made_over_or_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    for path, sentence in (
        ("file", "file: is a file; a folder for the run was expected"),
        ("file/deep/run", "file: is a file; a folder"),
        ("pipe", "pipe: is a pipe or a device; a folder"),
    ):
        with pytest.raises(DataError, match=sentence):
            check_folder(tmp_path / path, "a folder for the run")
    check_folder(tmp_path / "new/run", "a folder for the run")
    check_folder(tmp_path, "a folder for the run")


def test_json_is_read_back_and_nan_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    atomic_json(path, {"é": [1, 2.5, None]})
    assert read_json(path) == {"é": [1, 2.5, None]}
    with pytest.raises(ValueError, match="JSON"):
        atomic_json(path, {"a": float("nan")})
    assert read_json(path) == {"é": [1, 2.5, None]}


def test_hashes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_file(tmp_path / "a").startswith("ba7816bf8f01cfea")
    assert sha256_json({"b": 1, "a": [2]}) == sha256_json(json.loads('{"a": [2], "b": 1}'))
    assert sha256_json({"a": 1}) != sha256_json({"a": 2})


def test_a_missing_extra_is_named() -> None:
    with pytest.raises(MissingExtraError, match=r"no_such_module.*priorsr\[train\]"):
        require_extra("no_such_module", "train")


def test_the_home_folder_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert without_home("put a.pth into /home/ann/.cache/torch") == "put a.pth into ~/.cache/torch"
    assert without_home("'/home/ann' and /home/anna") == "'~' and /home/anna"
    monkeypatch.setenv("HOME", "/")
    assert without_home("put a.pth into /var") == "put a.pth into /var"
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", lambda _: {}[0])
    assert without_home("put a.pth into /home/ann") == "put a.pth into /home/ann"
