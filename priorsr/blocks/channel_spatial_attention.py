"""Attention over channels, then over pixels."""

from __future__ import annotations

from torch import Tensor, nn

from priorsr.blocks.gates import ChannelGate, SpatialGate
from priorsr.shapes import check_map, check_same


class ChannelSpatialAttention(nn.Module):
    """A channel gate on average and maximum pooling, then a spatial gate on its output (+ residual).

    reduction: how many times fewer hidden channels the channel gate has. kernel_size: side of the spatial gate's
    kernel, odd.

    Shapes: x and residual (B,C,H,W) -> (B,C,H,W); any H and W. Wrong shapes raise ShapeError, a wrong option
        OptionError.
    Range: both gates lie in (0, 1), so |output - residual| <= |x|.
    Source: CBAM (ECCV 2018) eq. 1-3, with its reduction of 16 and 7x7. Departures: at least one hidden channel, for
        widths below `reduction`; no batch norm: the released code has one, the equations do not.
    """

    kind = "attention"

    def __init__(self, channels: int, *, reduction: int = 16, kernel_size: int = 7) -> None:
        super().__init__()
        self.channels = channels
        self.channel_gate = ChannelGate(channels, pools=("average", "maximum"), reduction=reduction)
        self.spatial_gate = SpatialGate(kernel_size=kernel_size)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        check_map(x, self.channels, "channel-spatial attention")
        gated = x * self.channel_gate(x)
        gated = gated * self.spatial_gate(gated)
        if residual is None:
            return gated
        check_same(x, residual, "channel-spatial attention", "x and residual")
        return gated + residual
