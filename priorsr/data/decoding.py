"""Recognise image files by their content, and refuse them by their header before anything is decoded."""

from __future__ import annotations

from collections.abc import Collection
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from priorsr.errors import DataError
from priorsr.reading.content import read_content

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
EXPECTED = "PNG, JPEG or WebP was expected"
MOST_PIXELS = 2**26  # 8192 x 8192
MOST_BYTES = 8 * MOST_PIXELS
ORIENTATION = 0x0112  # EXIF's tag
UPRIGHT = 1


class RawImage(NamedTuple):
    """The image of a file.

    image: decoded, as it is stored. format: PNG, JPEG or WEBP. lossless: whether the file keeps every value.
    bits: of a value in a PNG, 1 to 16; 8 otherwise. orientation: EXIF's, 1 to 8, where 1 is upright.
    """

    image: Image.Image
    format: str
    lossless: bool
    bits: int
    orientation: int


def decode(
    path: Path,
    content: bytes | None = None,
    sizes: Collection[tuple[int, int]] | None = None,
    *,
    most_bits: int = 8,
) -> RawImage:
    """Decode an image file, whose bytes may be given.

    sizes: the allowed (height, width); by default any of up to MOST_PIXELS. most_bits: of a value; RGB of
    16 bits is cut to 8 by Pillow.
    A JPEG with further pictures inside (MPO, as cameras write it) is read as the JPEG that it begins with.
    Raises DataError for what is missing, broken, no PNG, JPEG or WebP, animated, of more bits, or too large.
    """
    if content is None:
        content = read_content(path, "an image", MOST_BYTES)
    format_, reader = _format(content)
    if reader is None:
        raise DataError(f"{path}: cannot be read as an image; {EXPECTED}")
    try:
        if reader is PngImageFile:
            reader(BytesIO(content)).verify()  # checksums, which loading does not compare
        image = reader(BytesIO(content))
        _check_header(path, image, sizes)
        image.load()
    except DataError:
        raise
    except Exception as error:  # Pillow raises whatever its parsers do
        raise DataError(f"{path}: cannot be read as an image ({error}); {EXPECTED}") from error
    bits = content[24] if format_ == "PNG" else 8
    if bits > most_bits:
        raise DataError(f"{path}: has values of {bits} bits; an image of {most_bits} bits was expected")
    lossless = format_ == "PNG" or (format_ == "WEBP" and _is_lossless_webp(content))
    return RawImage(image, format_, lossless, bits, _orientation(image))


def _format(content: bytes) -> tuple[str, type[ImageFile] | None]:
    """Return the format of a file by its first bytes, and Pillow's class that reads it."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG", PngImageFile
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG", JpegImageFile
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP", WebPImageFile
    return "", None


def _check_header(path: Path, image: ImageFile, sizes: Collection[tuple[int, int]] | None) -> None:
    width, height = image.size
    if sizes is not None and (height, width) not in sizes:
        there = " or ".join(f"{rows} x {columns}" for rows, columns in sizes)
        raise DataError(f"{path}: is {height} x {width}; {there} was expected, as manifest.json has it")
    if width * height > MOST_PIXELS:
        raise DataError(f"{path}: is {height} x {width}; an image of at most {MOST_PIXELS:,} pixels was expected")
    if getattr(image, "is_animated", False):
        frames = getattr(image, "n_frames", "several")
        raise DataError(f"{path}: is animated, with {frames} frames; a single image was expected")


def _is_lossless_webp(content: bytes) -> bool:
    """Return whether the picture of a WebP file is in its lossless form (the chunk VP8L)."""
    start = 12
    while start + 8 <= len(content):
        name, length = content[start : start + 4], int.from_bytes(content[start + 4 : start + 8], "little")
        if name in (b"VP8L", b"VP8 "):
            return name == b"VP8L"
        start += 8 + length + length % 2
    return False


def _orientation(image: Image.Image) -> int:
    try:
        orientation = image.getexif().get(ORIENTATION, UPRIGHT)
    except Exception:  # broken EXIF data, which turn nothing
        return UPRIGHT
    return orientation if orientation in range(2, 9) else UPRIGHT
