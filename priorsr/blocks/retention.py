"""No retention: the decoder gets no encoder features."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from priorsr.blocks.argument_checks import check_retention


class NoRetention(nn.Module):
    """Retain nothing: the decoder receives the bottleneck's features only, as in KDFSRNet.

    Shapes: x (B,C,H,W), retained features (B,channels[i],...) of any scales -> x. Wrong shapes raise ShapeError,
        although nothing is kept, so that any other retention can replace this one.
    Range: x's.
    Source: KDFSRNet (TCSVT 2022), which has no skip between encoder and decoder.
    """

    kind = "retention"

    def __init__(self, channels: Sequence[int], target_channels: int) -> None:
        super().__init__()
        self.channels, self.target_channels = tuple(channels), target_channels

    def forward(self, x: Tensor, retained: Sequence[Tensor]) -> Tensor:
        check_retention(x, retained, self.channels, self.target_channels, "no retention")
        return x
