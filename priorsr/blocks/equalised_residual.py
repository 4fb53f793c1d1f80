"""PFSR's residual block: equalised convolutions, each with batch normalisation and ReLU, and the identity."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from priorsr.blocks.equalised import EqualisedConv2d
from priorsr.registry import PartSpec, build_part
from priorsr.shapes import check_map


class EqualisedResidualBlock(nn.Module):
    """x + relu(norm(conv3x3(relu(norm(conv3x3(x)))))), with equalised convolutions; the sum is not activated.

    attention: attention applied to the residual branch before the addition; none in PFSR.

    Shapes: (B,C,H,W) -> (B,C,H,W); any H and W. Wrong shapes raise ShapeError.
    Range: without attention the output is never below x. In training, normalised by the batch's statistics.
    Source: PFSR (BMVC 2019) as released. Departure: the attention.
    """

    def __init__(self, channels: int, *, attention: PartSpec | None = None) -> None:
        super().__init__()
        self.channels = channels
        self.conv1, self.conv2 = EqualisedConv2d(channels, channels), EqualisedConv2d(channels, channels)
        self.norm1, self.norm2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.attention = None if attention is None else build_part("attention", attention, channels=channels)

    def folded(self) -> EqualisedResidualBlock:
        """Return itself, with batch normalisation merged into the convolutions, which have been folded before."""
        for conv, norm in (("conv1", "norm1"), ("conv2", "norm2")):
            setattr(self, conv, fuse_conv_bn_eval(getattr(self, conv), getattr(self, norm)))
            setattr(self, norm, nn.Identity())
        return self

    def forward(self, x: Tensor) -> Tensor:
        check_map(x, self.channels, "equalised residual block")
        inner = self.norm1(self.conv1(x)).relu_()
        inner = self.norm2(self.conv2(inner)).relu_()
        return x + inner if self.attention is None else self.attention(inner, x)
