"""Colour spaces for scoring: one entry for each variant that published scripts use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from torch import Tensor

from priorsr.errors import UnknownNameError, did_you_mean

Colour = Literal["rgb", "y", "y8", "y8-truncated", "y8-wrapped"]


def to_colour(image: Tensor, colour: Colour) -> Tensor:
    """Convert RGB images (B,3,H,W) in [0, 1] to a score's colour space, float64, (B,3,H,W) or (B,1,H,W).

    Results are scaled so that 8-bit white is 1, and a score's value range is 1 (255 in the scripts).

    - `rgb`: the image itself.
    - `y`: luma of ITU-R BT.601 in studio range, as MATLAB's rgb2ycbcr: (16 + 65.481 R + 128.553 G + 24.966 B) / 255,
      so 16/255 to 235/255; neither clamped nor rounded.
    - `y8`: `y` rounded to 8 bits, halves to even.
    - `y8-truncated`: `y` truncated to 8 bits, as SPARNet does; values within rounding error (1e-12) of an integer
    become that integer.
    - `y8-wrapped`: Y = `y8` as an unsigned byte, multiplied by 255 in bytes, that is 256 - Y, as in DIC's SSIM.

    Raises UnknownNameError for another name.
    """
    if colour == "rgb":
        return image.double()
    if colour not in _OF_LUMA:
        raise UnknownNameError(f"there is no colour space {colour!r}; {did_you_mean(colour, ['rgb', *_OF_LUMA])}")
    return of_luma(luma(image), colour)


def luma(rgb: Tensor) -> Tensor:
    """Return Y (B,1,H,W), float64 on the scale 0..255, computed in the published scripts' order of operations.

    Ties between two bytes therefore round as in the scripts.
    """
    red, green, blue = (rgb.double() * 255).split(1, dim=1)
    return (65.481 * red + 128.553 * green + 24.966 * blue) / 255 + 16


def of_luma(y: Tensor, colour: Colour) -> Tensor:
    """Convert `luma` to one of the colour spaces other than RGB."""
    return _OF_LUMA[colour](y)


_OF_LUMA: Mapping[str, Callable[[Tensor], Tensor]] = {
    "y": lambda y: y / 255,
    "y8": lambda y: y.round() / 255,
    "y8-truncated": lambda y: (y + 1e-9).floor() / 255,
    "y8-wrapped": lambda y: y.round() * 255 % 256 / 255,
}
