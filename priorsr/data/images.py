"""Photographs and faces read as RGB, and written."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.Image import Transpose

from priorsr.data.decoding import UPRIGHT, RawImage, decode
from priorsr.errors import DataError
from priorsr.files import atomic_path

TURNS = {  # what brings an image of each EXIF orientation upright
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


def read_image(
    path: Path, content: bytes | None = None, sizes: Collection[tuple[int, int]] | None = None
) -> np.ndarray:
    """Read the RGB pixels of a face's PNG, uint8 (H,W,3), whose bytes may be given. Grey ones count as RGB.

    sizes: the (height, width) that it may have. Raises DataError as `decode`, for other formats, transparent pixels,
    other modes than RGB, grey and palette, and an EXIF orientation other than upright.
    """
    file = decode(path, content, sizes)
    if file.format != "PNG":
        raise DataError(f"{path}: is a {file.format} image; a PNG was expected")
    if file.orientation != UPRIGHT:
        raise DataError(f"{path}: has the EXIF orientation {file.orientation}; an image stored upright was expected")
    return np.asarray(_rgb(path, file))


def read_photograph(path: Path, annotations: str | None = None, content: bytes | None = None) -> tuple[np.ndarray, str]:
    """Read the RGB pixels (H,W,3) of an image file, turned upright by its EXIF, and its format: PNG, JPEG or WEBP.

    The bytes of the file may be given as `content`.

    annotations: what describes places in the image, such as "its parsing map"; an image that EXIF turns is then
    refused, since they may mean it as stored or as turned. Raises DataError, else as `read_image`.
    """
    file = decode(path, content)
    image = _rgb(path, file)
    if file.orientation != UPRIGHT:
        if annotations:
            raise DataError(
                f"{path}: has the EXIF orientation {file.orientation}, and {annotations} may be of the image as stored "
                "or as turned; store the image upright, or remove the tag"
            )
        image = image.transpose(TURNS[file.orientation])
    return np.asarray(image), file.format


def _rgb(path: Path, file: RawImage) -> Image.Image:
    image = file.image
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        if np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
            raise DataError(f"{path}: has transparent pixels; an opaque RGB image was expected")
    elif image.mode not in ("RGB", "L", "P"):
        raise DataError(f"{path}: has the mode {image.mode}; an RGB image of 8 bits was expected")
    return image.convert("RGB")


def write_image(path: Path, pixels: np.ndarray, palette: np.ndarray | None = None) -> None:
    """Write a PNG, whole or not at all: RGB (H,W,3), or class indices (H,W) with a palette (P,3) to look at them."""
    image = Image.fromarray(pixels)
    if palette is not None:
        image.putpalette(palette.tobytes())
    with atomic_path(path) as beside:
        image.save(beside, format="PNG")
