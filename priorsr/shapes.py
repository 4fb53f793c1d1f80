"""Checks of tensors' shapes, whose errors name the argument instead of a layer deep inside."""

from __future__ import annotations

from torch import Tensor

from priorsr.errors import ShapeError


def check_map(x: Tensor, channels: int | None, who: str, what: str = "input") -> None:
    """Raise ShapeError unless `x` is (B, channels, H, W); any number of channels if None."""
    if x.ndim != 4 or (channels is not None and x.shape[1] != channels):
        wanted = "C" if channels is None else channels
        raise ShapeError(f"{who}: the {what} has shape {tuple(x.shape)}; (B, {wanted}, H, W) was expected")


def check_batch(a: Tensor, b: Tensor, who: str, what: str) -> None:
    """Raise ShapeError unless `a` and `b` hold as many images: one is never broadcast to several."""
    if a.shape[0] != b.shape[0]:
        raise ShapeError(f"{who}: {what} have batches of {a.shape[0]} and {b.shape[0]}; as many images were expected")


def check_same(a: Tensor, b: Tensor, who: str, what: str) -> None:
    """Raise ShapeError unless `a` and `b` have the same shape."""
    if a.shape != b.shape:
        raise ShapeError(
            f"{who}: {what} have shapes {tuple(a.shape)} and {tuple(b.shape)}; the same shape was expected"
        )
