"""Checks that every model makes of what it is given."""

from __future__ import annotations

from torch import Tensor

from priorsr.errors import ShapeError
from priorsr.shapes import check_map


def check_lr(lr: Tensor, size_multiple: int, who: str) -> None:
    """Raise ShapeError unless `lr` is (B,3,h,w) with sides that are multiples of `size_multiple`."""
    check_map(lr, 3, who, "LR image")
    if lr.shape[2] % size_multiple or lr.shape[3] % size_multiple or 0 in lr.shape[2:]:
        size = f"{lr.shape[2]} x {lr.shape[3]}"
        raise ShapeError(f"{who}: the LR image is {size}; sides that are multiples of {size_multiple} were expected")
