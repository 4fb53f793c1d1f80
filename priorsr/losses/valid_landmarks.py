"""Means over the landmarks that are known."""

from __future__ import annotations

from torch import Tensor


def valid_mean(values: Tensor, valid: Tensor | None) -> Tensor:
    """Average values (B,L), one a landmark, over the valid landmarks (B,L); over all without `valid`, 0 if none."""
    if valid is None:
        return values.mean()
    return (values * valid).sum() / valid.sum().clamp(min=1)
