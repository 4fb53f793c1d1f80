"""Enlargement by a transposed convolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from priorsr.errors import OptionError
from priorsr.shapes import check_map


class TransposedUpsampler(nn.Module):
    """One transposed convolution with stride `scale` and a kernel twice as wide: k4 s2 p1 at scale 2.

    At an even scale every output pixel depends on the same number of inputs. At an odd scale the kernel is one pixel
    narrower, so that it can be centred.

    bilinear: initialise as a bilinear enlargement of a random mix of the channels. Independent random weights have
    different sums at different output positions, which causes a checkerboard until training removes it.

    Shapes: (B,Cin,H,W) -> (B,Cout,scale*H,scale*W). Wrong shapes raise ShapeError, a scale below 1 OptionError.
    Range: linear, unbounded.
    Source: the generator of PFSR (BMVC 2019), and DIC (CVPR 2020), k8 s4 p2 and k12 s8 p2. Departure: no norm or
        activation follows. The bilinear initialisation is that of Long et al., "Fully convolutional networks" (CVPR
        2015).
    """

    kind = "upsampler"

    def __init__(self, in_channels: int, out_channels: int, scale: int, *, bilinear: bool = False) -> None:
        super().__init__()
        if scale < 1:
            raise OptionError(f"transposed upsampler: scale is {scale}; 1 or more was expected")
        self.in_channels = in_channels
        kernel_size = 2 * scale - scale % 2
        self.conv = nn.ConvTranspose2d(in_channels, out_channels, kernel_size, scale, scale // 2)
        if bilinear:
            tent = 1 - (torch.arange(kernel_size) - (kernel_size - 1) / 2).abs() / scale
            mix = torch.randn(in_channels, out_channels, 1, 1) / in_channels**0.5
            with torch.no_grad():
                self.conv.weight.copy_(mix * tent[:, None] * tent)

    def folded(self) -> nn.ConvTranspose2d:
        """Return the convolution alone."""
        return self.conv

    def forward(self, x: Tensor) -> Tensor:
        check_map(x, self.in_channels, "transposed upsampler")
        return self.conv(x)
