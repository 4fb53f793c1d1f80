"""The colour spaces that scores are computed in, one entry a variant that published scripts use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from torch import Tensor

from priorsr.errors import UnknownNameError, did_you_mean

Colour = Literal["rgb", "y", "y8", "y8-truncated", "y8-wrapped"]


def to_colour(image: Tensor, colour: Colour) -> Tensor:
    """Convert RGB images (B,3,H,W) in [0, 1] to a score's colour space, float64, (B,3,H,W) or (B,1,H,W).

    Every result is on the scale where 8-bit white is 1, so a score's value range is 1 (a script's 255).

    - `rgb`: the image itself.
    - `y`: luma of ITU-R BT.601 in studio range, as MATLAB's rgb2ycbcr: (16 + 65.481 R + 128.553 G + 24.966 B) / 255,
      so 16/255 to 235/255; neither clamped nor rounded.
    - `y8`: `y` rounded to 8 bits, halves to even.
    - `y8-truncated`: `y` with its fraction cut off, SPARNet's way. A whole number is kept, so that no rounding error of
      1e-12 decides between two bytes.
    - `y8-wrapped`: Y = `y8` as an unsigned byte, multiplied by 255 in bytes, that is 256 - Y. DIC's SSIM sees this.

    Raises UnknownNameError for another name.
    """
    if colour == "rgb":
        return image.double()
    if colour not in _OF_LUMA:
        raise UnknownNameError(f"there is no colour space {colour!r}; {did_you_mean(colour, ['rgb', *_OF_LUMA])}")
    return of_luma(luma(image), colour)


def luma(rgb: Tensor) -> Tensor:
    """Y (B,1,H,W) float64 on the scale 0..255, in the order of operations of the published scripts.

    So ties between two bytes round as theirs.
    """
    red, green, blue = (rgb.double() * 255).split(1, dim=1)
    return (65.481 * red + 128.553 * green + 24.966 * blue) / 255 + 16


def of_luma(y: Tensor, colour: Colour) -> Tensor:
    """Return a colour space other than RGB, made of `luma`."""
    return _OF_LUMA[colour](y)


_OF_LUMA: Mapping[str, Callable[[Tensor], Tensor]] = {
    "y": lambda y: y / 255,
    "y8": lambda y: y.round() / 255,
    "y8-truncated": lambda y: (y + 1e-9).floor() / 255,
    "y8-wrapped": lambda y: y.round() * 255 % 256 / 255,
}
