"""The residual attention block: two convolutions, any attention, and the skip connection."""

from __future__ import annotations

from torch import Tensor, nn

from priorsr.registry import PartSpec, build_part
from priorsr.shapes import check_map


class ResidualAttentionBlock(nn.Module):
    """x + attention(conv3x3(relu(conv3x3(x)))). With `channel` attention, RCAN's RCAB.

    Shapes: (B,C,H,W) -> (B,C,H,W); any H and W. Wrong shapes raise ShapeError.
    Range: unbounded; no normalisation.
    Source: RCAN (ECCV 2018) section 3.4, as in KDFSRNet.
    """

    def __init__(self, channels: int, *, attention: PartSpec = "channel") -> None:
        super().__init__()
        self.channels = channels
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.attention = build_part("attention", attention, channels=channels)

    def forward(self, x: Tensor) -> Tensor:
        check_map(x, self.channels, "residual attention block")
        return self.attention(self.conv2(self.conv1(x).relu_()), x)
