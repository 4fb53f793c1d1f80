"""Memory formats of maps (B,C,H,W)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

LARGEST = 2**31 - 1


def flat_pixels(x: Tensor) -> Tensor:
    """Return `x` (B,C,H,W), copied to contiguous memory unless its pixels have one common stride.

    They have one in both memory formats, and in slices of their channels.
    """
    height, width = x.shape[2:]
    return x if height == 1 or width == 1 or x.stride(2) == width * x.stride(3) else x.contiguous()


def strides(x: Tensor) -> tuple[int, int, int]:
    """Return the strides from one image, channel and pixel to the next, of a map that `flat_pixels` returned."""
    return x.stride(0), x.stride(1), x.stride(2) if x.shape[3] == 1 else x.stride(3)


def channels_innermost(x: Tensor) -> bool:
    """Return whether `x` is channels_last, and not contiguous as well."""
    return x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()


def empty_like(x: Tensor, shape: Sequence[int], dtype: torch.dtype | None = None) -> Tensor:
    """Return an uninitialised map of another shape or dtype in the memory format of `x`."""
    memory_format = torch.channels_last if channels_innermost(x) else torch.contiguous_format
    return torch.empty(tuple(shape), dtype=dtype or x.dtype, device=x.device, memory_format=memory_format)


def size_limit(*maps: Tensor) -> str | None:
    """Return why kernels cannot address these maps, as the end of a sentence; None if they can."""
    for x in maps:
        if x[0:1].numel() > LARGEST:
            return f"an image of {tuple(x.shape[1:])} has more values than the {LARGEST} that kernels can address"
    return None
