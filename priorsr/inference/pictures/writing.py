"""Write enlarged pictures as PNG, JPEG or WebP, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

from PIL import Image

from priorsr.errors import DataError
from priorsr.files import atomic_path
from priorsr.inference.pictures.exif import resized_exif
from priorsr.inference.pictures.picture import Picture

Format = Literal["auto", "png", "jpeg", "webp"]

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
SUFFIXES: dict[str, str] = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
LONGEST_SIDE = {"JPEG": 65535, "WEBP": 16383, "PNG": 2**31 - 1}
MOST_EXIF = 65533  # bytes in one segment of a JPEG
LARGE = 2**22  # pixels, from which on PNG's compression costs more seconds than it is worth


class Writing(NamedTuple):
    """The settings for writing pictures. quality: of JPEG and WebP, 1 to 100. strip: whether EXIF data are left out."""

    quality: int = 95
    strip: bool = False


def check_writable(path: Path, size: tuple[int, int], alpha: Image.Image | None) -> None:
    """Raise DataError if a picture of size (width, height) cannot be written in the format of the path's suffix."""
    format_ = FORMATS[path.suffix.lower()]
    if max(size) > LONGEST_SIDE[format_]:
        raise DataError(
            f"the result has {size[0]} x {size[1]} pixels, and {format_} holds sides of at most "
            f"{LONGEST_SIDE[format_]}: choose another format"
        )
    if format_ == "JPEG" and alpha is not None and alpha.getextrema()[0] != 255:
        raise DataError("the picture has transparent pixels, which JPEG cannot hold: choose PNG or WebP (--format)")


def write_picture(path: Path, picture: Picture, writing: Writing) -> tuple[str, ...]:
    """Write a picture in the format of the path's suffix; return a sentence on each thing that was left out.

    Raises DataError as `check_writable` does, and where the file system refuses.
    """
    format_ = FORMATS[path.suffix.lower()]
    check_writable(path, picture.image.size, picture.alpha)
    options, notes = _options(format_, picture, writing)
    image = picture.image  # which may fill half of the memory, so it is not copied without need
    if picture.alpha is not None and format_ != "JPEG":
        image = image.copy()
        image.putalpha(picture.alpha)
    with atomic_path(path) as beside:
        image.save(beside, format=format_, **options)
    return notes


def _options(format_: str, picture: Picture, writing: Writing) -> tuple[dict[str, Any], tuple[str, ...]]:
    options: dict[str, Any] = {"icc_profile": picture.profile}
    if format_ == "PNG":
        large = picture.image.width * picture.image.height > LARGE
        options["compress_level"] = 1 if large else 6
    else:
        options["quality"] = writing.quality
    if format_ == "JPEG":
        options["subsampling"] = "4:4:4"
    if picture.exif is None or writing.strip:
        return options, ()
    exif = resized_exif(picture.exif, picture.image.size)
    if format_ == "JPEG" and len(exif) > MOST_EXIF:
        return options, (f"its EXIF data have {len(exif):,} bytes, more than a JPEG holds: left out",)
    return {**options, "exif": exif}, ()
