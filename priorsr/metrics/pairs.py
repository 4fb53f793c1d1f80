"""Preparation of image pairs for scoring: checks, rounding, colour conversion, border."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.errors import PriorsrError, ShapeError
from priorsr.metrics.colour import Colour, to_colour
from priorsr.shapes import check_map, check_same


def prepare(sr: Tensor, hr: Tensor, colour: Colour, border: int) -> tuple[Tensor, Tensor]:
    """Check sr and hr (B,3,H,W), in [0, 1], and make of each what a score compares, (B,C,h,w)."""
    check_pair(sr, hr)
    return to_colour(without_border(sr, border), colour), to_colour(without_border(hr, border), colour)


def check_pair(sr: Tensor, hr: Tensor) -> None:
    """Raise ShapeError unless both are (B,3,H,W) alike, PriorsrError unless both are floating point and finite."""
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


def without_border(image: Tensor, border: int) -> Tensor:
    """Images (B,C,H,W) -> (B,C,H-2*border,W-2*border); raises ShapeError if nothing is left."""
    height, width = image.shape[2:]
    if border < 0 or 2 * border >= min(height, width):
        raise ShapeError(f"the images are {height} x {width}; nothing is left of them after a border of {border}")
    return image[..., border : height - border, border : width - border]


def to_8bit(image: Tensor) -> Tensor:
    """Images in [0, 1] of any shape, clamped and rounded to uint8: in float32 as the published scripts, halves to even.

    Images saved by this score as the tensors do, where a protocol quantises.
    """
    return (image.float().clamp(0, 1) * 255).round().to(torch.uint8)
