"""Files that Pillow does not write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import pytest

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
