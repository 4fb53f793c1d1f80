"""Face sets to change, folders to import, and files that Pillow does not write."""

from __future__ import annotations

import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from priorsr.data import FaceSet

RawPng = Callable[..., bytes]


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@pytest.fixture(scope="session")
def raw_png() -> RawPng:
    """Build a PNG of any size, bits a value and colour type (0 grey, 2 RGB, 4 grey with alpha, 6 RGBA)."""

    def build(width: int, height: int, bits: int, colour: int, rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
        header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
        parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)

    return build


@pytest.fixture
def src(tiny_faces: Path, tmp_path: Path) -> Path:
    """The tiny faces as a user has them: train with maps, val with maps, test without."""
    faces = FaceSet.open(tiny_faces)
    for split in faces.splits:
        for part in ("images", "parsing") if split != "test" else ("images",):
            (tmp_path / "src" / split / part).mkdir(parents=True)
            for face in faces.ids(split):
                shutil.copy(tiny_faces / part / f"{face}.png", tmp_path / "src" / split / part)
    (tmp_path / "src/README.md").write_text("my faces")
    return tmp_path / "src"


@pytest.fixture
def face_set(tiny_faces: Path) -> FaceSet:
    return FaceSet.open(tiny_faces)


@pytest.fixture
def copied(tiny_faces: Path, tmp_path: Path) -> Path:
    """A copy of the tiny faces, to change."""
    return Path(shutil.copytree(tiny_faces, tmp_path / "copied"))
