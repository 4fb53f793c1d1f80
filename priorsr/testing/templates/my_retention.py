"""Retention by a sum: what the encoder kept, projected and added at the decoder's scale."""

from __future__ import annotations

from collections.abc import Sequence

from priorsr.blocks import check_retention, resize_map
from torch import Tensor, nn


class MyRetention(nn.Module):
    """Adds a projection of every retained feature, resized to x's scale.

    bias: whether the projections have one.

    Shapes: x (B,C,H,W), retained features (B,channels[i],...), finest first -> (B,C,H,W). Wrong shapes raise
        ShapeError.
    Range: linear, unbounded.
    Source: ours.
    """

    kind = "retention"
    contract = 2  # the version of the contract, see priorsr.testing

    def __init__(self, channels: Sequence[int], target_channels: int, *, bias: bool = False) -> None:
        super().__init__()
        self.channels, self.target_channels = tuple(channels), target_channels
        self.projections = nn.ModuleList(nn.Conv2d(width, target_channels, 1, bias=bias) for width in channels)

    def forward(self, x: Tensor, retained: Sequence[Tensor]) -> Tensor:
        check_retention(x, retained, self.channels, self.target_channels, "my_retention")
        size = (x.shape[2], x.shape[3])
        for project, kept in zip(self.projections, retained, strict=True):
            x = x + resize_map(project(kept), size)
        return x
