"""Enlargement by a transposed convolution."""

from __future__ import annotations

from torch import Tensor, nn

from priorsr.errors import OptionError
from priorsr.shapes import check_map


class TransposedUpsampler(nn.Module):
    """One transposed convolution with stride `scale` and a kernel twice as wide: k4 s2 p1 at scale 2.

    Each output pixel sees as many inputs as any other, where the scale is even. At an odd scale the kernel is one less
    than twice as wide, so that it can lie in the middle.

    Shapes: (B,Cin,H,W) -> (B,Cout,scale*H,scale*W). A misfit raises ShapeError, a scale below 1 OptionError.
    Range: linear, unbounded.
    Source: PFSR (BMVC 2019), whose generator enlarges so, and DIC (CVPR 2020), k8 s4 p2 and k12 s8 p2. Departure: no
        norm or activation follows.
    """

    kind = "upsampler"

    def __init__(self, in_channels: int, out_channels: int, scale: int) -> None:
        super().__init__()
        if scale < 1:
            raise OptionError(f"transposed upsampler: scale is {scale}; 1 or more was expected")
        self.in_channels = in_channels
        self.conv = nn.ConvTranspose2d(in_channels, out_channels, 2 * scale - scale % 2, scale, scale // 2)

    def forward(self, x: Tensor) -> Tensor:
        check_map(x, self.in_channels, "transposed upsampler")
        return self.conv(x)
