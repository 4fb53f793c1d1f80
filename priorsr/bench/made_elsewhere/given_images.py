"""Turn images of any form into tensors (3,H,W), with their names for messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from priorsr.data.images import read_photograph
from priorsr.errors import PriorsrError

ImageLike = str | Path | Image.Image | np.ndarray | Tensor
"""One image: a file, a Pillow image, an array (H,W,3) or (H,W), or a tensor (3,H,W); uint8, or floats in [0, 1]."""


_WANTED = "a path, a Pillow image, a NumPy array or a tensor, or a list of these"


def image_of(given: ImageLike, who: str) -> Tensor:
    """Return an image as a tensor (3,H,W) in float32, of [0, 1] where it was in 8 bits; grey counts as RGB.

    Floats are left as they are: scoring checks their range. Raises DataError for a file that is no opaque image of 8
    bits, and PriorsrError, beginning with `who`, for other types, shapes and modes.
    """
    if isinstance(given, str | Path):
        return image_of_pixels(read_photograph(Path(given))[0])
    if isinstance(given, Image.Image):
        return image_of_pixels(_pixels(given, who))
    if isinstance(given, Tensor):
        if given.ndim != 3 or given.shape[0] != 3:
            raise PriorsrError(f"{who} is a tensor of shape {tuple(given.shape)}; (3,H,W) was expected")
        return _floating(given.detach().cpu(), who)
    if isinstance(given, np.ndarray):
        grey = given[..., None].repeat(3, 2) if given.ndim == 2 else given
        if grey.ndim != 3 or grey.shape[2] != 3:
            raise PriorsrError(f"{who} is an array of shape {given.shape}; (H,W,3) or (H,W) was expected")
        return _floating(torch.from_numpy(np.ascontiguousarray(grey.transpose(2, 0, 1))), who)
    raise PriorsrError(
        f"{who} is a {type(given).__module__}.{type(given).__qualname__}; a path, a Pillow image, a NumPy array or a "
        "tensor was expected"
    )


def separate(given: ImageLike | Iterable[ImageLike], who: str) -> list[ImageLike]:
    """Return one image, a batch of images in one array or tensor, or several images, as a list of images.

    Raises PriorsrError, beginning with `who`, for anything else.
    """
    if isinstance(given, Tensor | np.ndarray):
        return list(given) if given.ndim == 4 else [given]
    if isinstance(given, str | Path | Image.Image):
        return [given]
    if isinstance(given, Mapping) or not isinstance(given, Iterable):
        raise PriorsrError(f"{who} is a {type(given).__module__}.{type(given).__qualname__}; {_WANTED}, was expected")
    return list(given)


def _pixels(image: Image.Image, who: str) -> np.ndarray:
    if image.mode in ("RGB", "L", "1", "P") and "transparency" not in image.info:
        return np.asarray(image.convert("RGB"))
    if image.mode in ("RGBA", "LA") and np.asarray(image.getchannel("A")).min() == 255:
        return np.asarray(image.convert("RGB"))
    raise PriorsrError(f"{who} is a Pillow image of mode {image.mode}; opaque RGB or grey of 8 bits was expected")


def image_of_pixels(pixels: np.ndarray) -> Tensor:
    """Return pixels (H,W,3), uint8, as a tensor (3,H,W) in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))).float() / 255


def _floating(image: Tensor, who: str) -> Tensor:
    if image.dtype == torch.uint8:
        return image.float() / 255
    if not image.is_floating_point():
        kind = str(image.dtype).removeprefix("torch.")
        raise PriorsrError(f"{who} holds {kind}; uint8, or floating point in [0, 1], was expected")
    return image.float()
