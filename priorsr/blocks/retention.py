"""What a decoder gets back from its encoder."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from priorsr.shapes import check_map


class NoRetention(nn.Module):
    """Keeps nothing: the decoder sees the bottleneck alone, as in KDFSRNet.

    Shapes: x (B,C,H,W), retained features of any scales -> x.
    Range: x's.
    Source: KDFSRNet (TCSVT 2022), which has no skip between encoder and decoder.
    """

    kind = "retention"

    def __init__(self, channels: Sequence[int], target_channels: int) -> None:
        super().__init__()
        self.channels, self.target_channels = tuple(channels), target_channels

    def forward(self, x: Tensor, retained: Sequence[Tensor]) -> Tensor:  # noqa: ARG002  # the kind's call
        check_map(x, self.target_channels, "no retention")
        return x
