"""Means over the valid landmarks."""

from __future__ import annotations

from torch import Tensor


def valid_mean(values: Tensor, valid: Tensor | None) -> Tensor:
    """Average values (B,L) over the `valid` (B,L) landmarks, over all if it is None; 0 if no landmark is valid."""
    if valid is None:
        return values.mean()
    return (values * valid).sum() / valid.sum().clamp(min=1)
