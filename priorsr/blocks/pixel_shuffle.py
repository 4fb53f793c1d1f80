"""Changes of scale by pixel-(un)shuffle, which loses no value, with a convolution."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.errors import OptionError, ShapeError
from priorsr.shapes import check_map


class PixelShuffleUpsampler(nn.Module):
    """conv3x3 to scale^2 times the channels, then pixel-shuffle.

    Shapes: (B,Cin,H,W) -> (B,Cout,scale*H,scale*W). Wrong shapes raise ShapeError, a `scale` below 1 OptionError.
    Range: linear, unbounded.
    Source: the efficient sub-pixel convolution layer of ESPCN (Shi et al., CVPR 2016), as in KDFSRNet's up stages.
    """

    kind = "upsampler"

    def __init__(self, in_channels: int, out_channels: int, scale: int) -> None:
        super().__init__()
        if scale < 1:
            raise OptionError(f"pixel-shuffle upsampler: scale is {scale}; 1 or more was expected")
        self.in_channels, self.scale = in_channels, scale
        self.conv = nn.Conv2d(in_channels, out_channels * scale**2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        check_map(x, self.in_channels, "pixel-shuffle upsampler")
        return F.pixel_shuffle(self.conv(x), self.scale)


class PixelUnshuffleDownsampler(nn.Module):
    """Pixel-unshuffle by 2, then conv3x3: the mirror of the pixel-shuffle upsampler.

    Shapes: (B,Cin,H,W) -> (B,Cout,H/2,W/2); an odd H or W raises ShapeError.
    Range: linear, unbounded.
    Source: the down stages of KDFSRNet (TCSVT 2022).
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.conv = nn.Conv2d(4 * in_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        check_map(x, self.in_channels, "pixel-unshuffle downsampler")
        if x.shape[2] % 2 or x.shape[3] % 2:
            raise ShapeError(
                f"pixel-unshuffle downsampler: the input is {tuple(x.shape[2:])}; even sides were expected"
            )
        return self.conv(F.pixel_unshuffle(x, 2))
