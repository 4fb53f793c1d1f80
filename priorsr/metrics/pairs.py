"""Preparation of image pairs for scoring: checks, rounding, colour conversion, border."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.errors import PriorsrError, ShapeError
from priorsr.metrics.colour import Colour, to_colour
from priorsr.shapes import check_map, check_same

_ROUNDING = 0.5 / 255  # half an 8-bit level: tolerance for half precision
_OTHER_SCALE = 4.0  # mean absolute value above that of any image in [0, 1], overshoot included


def prepare(sr: Tensor, hr: Tensor, colour: Colour, border: int) -> tuple[Tensor, Tensor]:
    """Check sr and hr, (B,3,H,W) in [0, 1], and convert both to the form that scores compare, (B,C,h,w)."""
    check_pair(sr, hr)
    return to_colour(without_border(sr, border), colour), to_colour(without_border(hr, border), colour)


def check_pair(sr: Tensor, hr: Tensor) -> None:
    """Check a pair of image batches before their comparison.

    Raises ShapeError unless both have the same shape (B,3,H,W), and PriorsrError unless both are finite floating-point
    tensors in [0, 1]: HR exactly, SR up to a network's overshoot.
    """
    for what, images in (("SR", sr), ("HR", hr)):
        if not isinstance(images, Tensor):
            raise PriorsrError(
                f"the {what} batch is a {type(images).__module__}.{type(images).__qualname__}; a torch.Tensor "
                "(B,3,H,W) in [0, 1] was expected"
            )
    check_map(sr, 3, "score", "SR batch")
    check_same(sr, hr, "score", "SR and HR")
    for what, images in (("SR", sr), ("HR", hr)):
        if not images.is_floating_point():
            raise PriorsrError(f"the {what} batch is {images.dtype}; floating point in [0, 1] was expected")
        bad = (~images.isfinite()).flatten(1).any(dim=1)
        if bad.any():
            first = int(bad.nonzero()[0, 0])
            raise PriorsrError(
                f"{what} image {first} of the batch of {len(images)} holds NaN or infinity; finite values were expected"
            )
        _check_range(what, images)


def _check_range(what: str, images: Tensor) -> None:
    """Raise PriorsrError for HR images outside [0, 1], and for SR images on another scale."""
    if not images.numel():
        return
    if what == "HR":
        wrong = ((images < -_ROUNDING) | (images > 1 + _ROUNDING)).flatten(1).any(dim=1)
    else:
        wrong = images.abs().flatten(1).mean(dim=1) > _OTHER_SCALE
    if wrong.any():
        first = int(wrong.nonzero()[0, 0])
        low, high = images[first].min().item(), images[first].max().item()
        hint = "; images of 0 to 255 are divided by 255 first" if high > _OTHER_SCALE else ""
        raise PriorsrError(
            f"{what} image {first} of the batch of {len(images)} has values from {low:.4g} to {high:.4g}; the range "
            f"[0, 1] was expected{hint}"
        )


def without_border(image: Tensor, border: int) -> Tensor:
    """Crop images (B,C,H,W) -> (B,C,H-2*border,W-2*border); raises ShapeError if nothing is left."""
    height, width = image.shape[2:]
    if border < 0 or 2 * border >= min(height, width):
        raise ShapeError(f"the images are {height} x {width}; nothing is left of them after a border of {border}")
    return image[..., border : height - border, border : width - border]


def to_8bit(image: Tensor) -> Tensor:
    """Clamp images in [0, 1], of any shape, and round them to uint8: in float32, halves to even, as published scripts.

    Under a protocol that quantises, images saved by this function have the same scores as the tensors.
    """
    return (image.float().clamp(0, 1) * 255).round().to(torch.uint8)
