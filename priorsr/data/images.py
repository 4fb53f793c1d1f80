"""Image files read with care: what is not an image, or not the kind that was expected, is told by its name."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from priorsr.errors import DataError
from priorsr.files import atomic_path
from priorsr.priors import LabelMap

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
FORMATS = ("PNG", "JPEG", "WEBP")


def read_image(path: Path, content: bytes | None = None) -> np.ndarray:
    """The RGB pixels of an image file, uint8 (H,W,3), whose bytes may be given; raises DataError."""
    return read_photograph(path, content)[0]


def read_photograph(path: Path, content: bytes | None = None) -> tuple[np.ndarray, str]:
    """The RGB pixels of an image file, turned upright as its EXIF says, and its format: PNG, JPEG or WEBP.

    Grey images count as RGB. Raises DataError for what is no such image, has more than 8 bits, or is see-through.
    """
    image, image_format = _open(path, content)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        if np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
            raise DataError(f"{path}: has see-through pixels; an opaque RGB image was expected")
    elif image.mode not in ("RGB", "L", "P"):
        raise DataError(f"{path}: has the mode {image.mode}; an RGB image of 8 bits was expected")
    return np.asarray(ImageOps.exif_transpose(image).convert("RGB")), image_format


def read_parsing(path: Path, label_map: LabelMap, content: bytes | None = None) -> np.ndarray:
    """The class indices of a parsing map's file, uint8 (H,W), whose bytes may be given.

    Raises DataError for what is no image with one channel (grey or palette), or has a class that the map lacks.
    """
    image, _ = _open(path, content)
    if image.mode not in ("L", "P"):
        raise DataError(f"{path}: has the mode {image.mode}; class indices in one channel of 8 bits were expected")
    parsing = np.asarray(image)
    last = len(label_map.classes) - 1
    if parsing.max() > last:
        raise DataError(
            f"{path}: has the class {parsing.max()}; the classes 0 to {last} of {label_map.name} were expected"
        )
    return parsing


def write_image(path: Path, pixels: np.ndarray, palette: np.ndarray | None = None) -> None:
    """Write a PNG, whole or not at all: RGB (H,W,3), or class indices (H,W) with a palette (P,3) to look at them."""
    image = Image.fromarray(pixels)
    if palette is not None:
        image.putpalette(palette.tobytes())
    with atomic_path(path) as beside:
        image.save(beside, format="PNG")


def _open(path: Path, content: bytes | None) -> tuple[Image.Image, str]:
    try:
        with Image.open(path if content is None else BytesIO(content)) as image:
            image.load()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; an image was expected") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: cannot be read as an image; PNG, JPEG or WebP was expected") from None
    except Exception as error:  # Pillow raises whatever its parsers do
        raise DataError(f"{path}: cannot be read as an image ({error}); PNG, JPEG or WebP was expected") from error
    if image.format not in FORMATS:
        raise DataError(f"{path}: is a {image.format} image; PNG, JPEG or WebP was expected")
    return image, image.format
