"""What is no file, or too large, is refused before a byte is read: a pipe or a device may never end."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from priorsr.data.landmarks_file import read_landmarks
from priorsr.errors import PriorsrError
from priorsr.files import sha256_file
from priorsr.priors import landmark_scheme
from priorsr.reading.content import read_content
from priorsr.scripts import read_script
from priorsr.signed_lines import read_lines

READERS: dict[str, Callable[[Path], Any]] = {
    "content": lambda path: read_content(path, "a list", 100),
    "hash": lambda path: sha256_file(path, 100),
    "landmarks": lambda path: read_landmarks(path, landmark_scheme("ibug-68")),
    "journal": lambda path: list(read_lines(path)),
    "plugin": read_script,
}
ODD: dict[str, tuple[Callable[[Path], Any], str]] = {
    "pipe": (os.mkfifo, "is a pipe or a device"),
    "folder": (os.mkdir, "is a folder"),
    "endless device": (lambda path: path.symlink_to("/dev/zero"), "is a pipe or a device"),
    "huge": (lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 2**40), "of at most .* bytes"),
    "link to itself": (lambda path: path.symlink_to(path), "cannot be read|there is no such file"),
    "absent": (lambda _: None, "there is no such file"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_file_is_refused(tmp_path: Path, reader: str, odd: str) -> None:
    path = tmp_path / "odd.py"
    make, expected = ODD[odd]
    make(path)
    with pytest.raises(PriorsrError, match=expected) as refusal:
        READERS[reader](path)
    assert str(refusal.value).startswith(f"{path}: ")


def test_a_small_file_takes_little_memory_however_large_it_may_be(tmp_path: Path) -> None:
    """A limit on memory, as containers have, ended every command that read a list of ids."""
    (tmp_path / "list").write_bytes(b"a\n")
    limits = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, limits[1]))
    try:
        assert read_content(tmp_path / "list", "a list", 2**40) == b"a\n"
        os.truncate(tmp_path / "list", 2**32)
        with pytest.raises(PriorsrError, match="list: has 4,294,967,296 bytes, for which there is no memory; a list"):
            read_content(tmp_path / "list", "a list", 2**40)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
