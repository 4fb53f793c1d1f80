"""Check the arguments of fusions and retentions."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from priorsr.errors import ShapeError
from priorsr.shapes import check_batch, check_map


def check_fusion(features: Tensor, prior_map: Tensor, channels: int, prior_channels: int, who: str) -> None:
    """Raise ShapeError unless features are (B,channels,H,W), and the prior map (B,prior_channels,h,w)."""
    check_map(features, channels, who, "features")
    check_map(prior_map, prior_channels, who, "prior map")
    check_batch(features, prior_map, who, "features and prior map")


def check_retention(
    x: Tensor, retained: Sequence[Tensor], channels: Sequence[int], target_channels: int, who: str
) -> None:
    """Raise ShapeError unless x is (B,target_channels,H,W), and the retained features (B,channels[i],...)."""
    check_map(x, target_channels, who)
    if len(retained) != len(channels):
        raise ShapeError(f"{who}: {len(retained)} features are retained; {len(channels)} were expected")
    for feature, expected in zip(retained, channels, strict=True):
        check_map(feature, expected, who, "retained feature")
        check_batch(x, feature, who, "x and retained feature")
