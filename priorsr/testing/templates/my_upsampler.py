"""Enlargement by repetition and a convolution."""

from __future__ import annotations

import torch.nn.functional as F
from priorsr.shapes import check_map
from torch import Tensor, nn


class MyUpsampler(nn.Module):
    """Repeats every pixel `scale` times in both directions, then convolves: no place of the grid differs from another.

    kernel_size: of the convolution, an odd number.

    Shapes: (B,Cin,H,W) -> (B,Cout,scale*H,scale*W). Wrong shapes raise ShapeError.
    Range: linear, unbounded.
    Source: Odena et al., "Deconvolution and checkerboard artifacts" (Distill, 2016).
    """

    kind = "upsampler"
    contract = 2  # the version of the contract, see priorsr.testing

    def __init__(self, in_channels: int, out_channels: int, scale: int, *, kernel_size: int = 3) -> None:
        super().__init__()
        self.in_channels, self.scale = in_channels, scale
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2)

    def forward(self, x: Tensor) -> Tensor:
        check_map(x, self.in_channels, "my_upsampler")
        enlarged: Tensor = self.conv(F.interpolate(x, scale_factor=self.scale, mode="nearest"))
        return enlarged
