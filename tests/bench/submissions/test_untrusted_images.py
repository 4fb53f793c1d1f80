from __future__ import annotations

import pickle
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from priorsr.bench.submissions.untrusted_images import most_bytes, npy_values, png_pixels
from priorsr.errors import DataError

SIZE = 8
PIXELS = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)


def png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


def npy(values: np.ndarray) -> bytes:
    file = BytesIO()
    np.save(file, values)
    return file.getvalue()


def header_of(width: int, height: int, content: bytes) -> bytes:
    """A PNG that says it has another size, with a check sum that is right."""
    chunk = b"IHDR" + struct.pack(">II", width, height) + content[24:29]
    return content[:12] + chunk + struct.pack(">I", zlib.crc32(chunk)) + content[33:]


def test_what_was_written_is_read() -> None:
    assert (png_pixels("a.png", png(Image.fromarray(PIXELS)), SIZE) == PIXELS).all()
    values = np.random.default_rng(0).normal(size=(3, SIZE, SIZE)).astype(np.float32)
    assert (npy_values("a.npy", npy(values), SIZE) == values).all()
    assert len(npy(values)) < most_bytes(SIZE)


def test_a_huge_picture_is_refused_before_it_is_decoded(monkeypatch) -> None:
    def decode(*_: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr("priorsr.bench.submissions.untrusted_images.read_image", decode)
    bomb = header_of(60_000, 50_000, png(Image.fromarray(PIXELS)))
    with pytest.raises(DataError, match=r"x.png: is 50000 x 60000 pixels; 8 x 8 was expected"):
        png_pixels("x.png", bomb, SIZE)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is no PNG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "without a header"),
        (b"GIF89a" + bytes(60), "is no PNG"),
        (png(Image.fromarray(PIXELS).convert("RGBA")), "8 bits in colour type 6"),
        (png(Image.fromarray(PIXELS).convert("L")), "8 bits in colour type 0"),
        (png(Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 256)), "16 bits in colour type 0"),
        (png(Image.fromarray(PIXELS[:4])), "is 4 x 8 pixels"),
        (png(Image.fromarray(PIXELS))[:-40], "cannot be read as an image"),
    ],
)
def test_other_pictures(content, sentence) -> None:
    with pytest.raises(DataError, match=f"x.png: .*{sentence}"):
        png_pixels("x.png", content, SIZE)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("it was executed",)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "cannot be read as an array"),
        (pickle.dumps(Evil()), "cannot be read as an array"),
        (npy(np.array([Evil()], dtype=object)), "holds objects, a pickle"),
        (npy(np.zeros((3, SIZE, SIZE))), "is <f8"),
        (npy(np.zeros((SIZE, SIZE, 3), np.float32)), r"is <f4 \(8, 8, 3\)"),
        (npy(np.zeros((3, SIZE, SIZE), ">f4")), "is >f4"),
        (npy(np.asfortranarray(np.zeros((3, SIZE, SIZE), np.float32))), "is .* in Fortran order"),
        (npy(np.zeros((3, SIZE, SIZE), np.float32))[:-4], "has 764 bytes of values; 768"),
        (npy(np.zeros((3, SIZE, SIZE), np.float32)) + b"more", "has 772 bytes of values; 768"),
        (npy(np.full((3, SIZE, SIZE), np.nan, np.float32)), "holds NaN or infinity"),
        (npy(np.full((3, SIZE, SIZE), np.inf, np.float32)), "holds NaN or infinity"),
        (npy(np.zeros((3, SIZE, SIZE), np.float32)).replace(b"(3, 8, 8)", b"(3, 10**9)"), "cannot be read as an array"),
    ],
)
def test_other_arrays(content, sentence) -> None:
    with pytest.raises(DataError, match=f"x.npy: {sentence}"):
        npy_values("x.npy", content, SIZE)
