"""Attention by a gate at every pixel and in every channel."""

from __future__ import annotations

from priorsr.shapes import check_map, check_same
from torch import Tensor, nn


class MyAttention(nn.Module):
    """Multiplies features by a gate that a convolution of them gives: x * sigmoid(conv(x)) (+ residual).

    kernel_size: of the convolution, an odd number.

    Shapes: x and residual (B,C,H,W) -> (B,C,H,W). Wrong shapes raise ShapeError.
    Range: the gate lies in (0, 1), so |output - residual| <= |x|.
    Source: ours.
    """

    kind = "attention"
    contract = 2  # the version of the contract, see priorsr.testing

    def __init__(self, channels: int, *, kernel_size: int = 1) -> None:
        super().__init__()
        self.channels = channels
        self.gate = nn.Conv2d(channels, channels, kernel_size, padding=kernel_size // 2)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        check_map(x, self.channels, "my_attention")
        attended: Tensor = x * self.gate(x).sigmoid()
        if residual is None:
            return attended
        check_same(x, residual, "my_attention", "x and residual")
        return attended + residual
