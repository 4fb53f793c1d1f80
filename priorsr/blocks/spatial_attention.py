"""Spatial attention: each pixel is weighted by a gate computed from its neighbourhood."""

from __future__ import annotations

from torch import Tensor, nn

from priorsr.blocks.gates import SpatialGate
from priorsr.shapes import check_map, check_same


class SpatialAttention(nn.Module):
    """x * sigmoid(conv7x7(mean and maximum over the channels)) (+ residual).

    Shapes: x and residual (B,C,H,W) -> (B,C,H,W); any H and W. Wrong shapes raise ShapeError, an even `kernel_size`
        OptionError.
    Range: the gate lies in (0, 1), so |output - residual| <= |x|.
    Source: CBAM (ECCV 2018) eq. 3. Departure: none from the equation; the released code has a batch norm after the
        convolution.
    """

    kind = "attention"

    def __init__(self, channels: int, *, kernel_size: int = 7) -> None:
        super().__init__()
        self.channels = channels
        self.gate = SpatialGate(kernel_size=kernel_size)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        check_map(x, self.channels, "spatial attention")
        gated = x * self.gate(x)
        if residual is None:
            return gated
        check_same(x, residual, "spatial attention", "x and residual")
        return gated + residual
