"""Read parsing maps and masks exactly: their values are classes and parts, which nothing may change."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
from PIL import Image

from priorsr.data.decoding import UPRIGHT, RawImage, decode
from priorsr.errors import DataError
from priorsr.priors import LabelMap


def read_parsing(
    path: Path, label_map: LabelMap, content: bytes | None = None, sizes: Collection[tuple[int, int]] | None = None
) -> np.ndarray:
    """Read the class indices of a parsing map's file, uint8 (H,W), whose bytes may be given.

    Grey PNGs hold them as values, of 1, 2, 4 or 8 bits, and palette PNGs as indices. sizes: the (height, width) that
    the map may have. Raises DataError as `decode`, for a lossy format, more than one channel, an EXIF orientation, and
    a class that the label map lacks.
    """
    file = _decode_exact(path, content, sizes)
    if file.image.mode not in ("1", "L", "P"):
        raise DataError(f"{path}: has the mode {file.image.mode}; class indices in one channel of 8 bits were expected")
    parsing = np.asarray(file.image).astype(np.uint8)
    if file.image.mode == "L":
        parsing //= 255 // (2**file.bits - 1)  # Pillow stretches 2 and 4 bits to 0 ... 255
    check_classes(parsing, label_map, str(path))
    return parsing


def check_classes(parsing: np.ndarray, label_map: LabelMap, who: str) -> None:
    """Raise DataError, beginning with `who`, if a parsing map (H,W) has a class that the label map lacks."""
    last = len(label_map.classes) - 1
    if parsing.max() > last:
        raise DataError(
            f"{who}: has the class {parsing.max()}; the classes 0 to {last} of {label_map.name} were expected"
        )


def read_mask(path: Path) -> np.ndarray:
    """Read which pixels a mask's file marks, bool (H,W): those that are not zero, of whatever colour.

    A palette's colours count, if black is one of several; otherwise its indices do. Pixels that are wholly transparent
    are not marked. Raises DataError as `decode`, for a lossy format, an EXIF orientation, modes other than 1 bit, grey,
    RGB and palette, and where colours, indices and transparency contradict each other.
    """
    image = _decode_exact(path).image
    if image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        raise DataError(f"{path}: has the mode {image.mode}; a mask of 8 bits, grey or RGB, was expected")
    if image.mode in ("1", "L") and "transparency" not in image.info:
        return np.asarray(image) != 0
    colours = np.asarray(image.convert("RGBA"))
    marked: np.ndarray = (colours[..., :3] != 0).any(-1)
    visible = colours[..., 3] != 0
    if image.mode == "P":
        marked = _marked_by_palette(path, image, marked)
    if not visible.all():
        if (marked & visible).any() != (marked.any() or visible.any()):
            raise DataError(
                f"{path}: its colours and its transparency contradict each other; an opaque mask was expected"
            )
        marked = marked & visible
    return marked


def _marked_by_palette(path: Path, image: Image.Image, coloured: np.ndarray) -> np.ndarray:
    """Return the pixels that a palette image marks, given those whose colour is not black."""
    indices = np.asarray(image)
    if coloured.any() and not coloured.all():
        return coloured
    marked = indices != 0
    if indices.min() == indices.max() and any(image.getpalette() or ()) and marked.any() != coloured.any():
        raise DataError(
            f"{path}: has the index {indices.min()} throughout, whose colour contradicts it; a grey mask was expected"
        )
    return marked


def _decode_exact(
    path: Path, content: bytes | None = None, sizes: Collection[tuple[int, int]] | None = None
) -> RawImage:
    file = decode(path, content, sizes)
    if not file.lossless:
        raise DataError(f"{path}: is a lossy {file.format} image, which changes values; a PNG was expected")
    if file.orientation != UPRIGHT:
        raise DataError(f"{path}: has the EXIF orientation {file.orientation}; a map stored upright was expected")
    return file
