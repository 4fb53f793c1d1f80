"""The colour spaces that scores are computed in, one entry a variant that published scripts use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from torch import Tensor

from priorsr.errors import UnknownNameError, did_you_mean

Colour = Literal["rgb", "y", "y8", "y8-wrapped"]


def to_colour(image: Tensor, colour: Colour) -> Tensor:
    """Convert RGB images (B,3,H,W) in [0, 1] to a score's colour space, float64, (B,3,H,W) or (B,1,H,W).

    Every result is on the scale where 8-bit white is 1, so a score's value range is 1 (a script's 255).

    - `rgb`: the image itself.
    - `y`: luma of ITU-R BT.601 in studio range, as MATLAB's rgb2ycbcr: (16 + 65.481 R + 128.553 G + 24.966 B) / 255,
      so 16/255 to 235/255; neither clamped nor rounded.
    - `y8`: `y` rounded to 8 bits, halves to even.
    - `y8-wrapped`: Y = `y8` as an unsigned byte, multiplied by 255 in bytes, that is 256 - Y. DIC's SSIM sees this.

    Raises UnknownNameError for another name.
    """
    if colour not in _COLOURS:
        raise UnknownNameError(f"there is no colour space {colour!r}; {did_you_mean(colour, _COLOURS)}")
    return _COLOURS[colour](image.double())


def _y_255(rgb: Tensor) -> Tensor:
    """Luma on the scale 0..255, in the order of operations of the published scripts, so that ties round as theirs."""
    red, green, blue = (rgb * 255).split(1, dim=1)
    return (65.481 * red + 128.553 * green + 24.966 * blue) / 255 + 16


_COLOURS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "rgb": lambda rgb: rgb,
    "y": lambda rgb: _y_255(rgb) / 255,
    "y8": lambda rgb: _y_255(rgb).round() / 255,
    "y8-wrapped": lambda rgb: _y_255(rgb).round() * 255 % 256 / 255,
}
