"""Channel attention: each channel weighed by a gate that sees all of them."""

from __future__ import annotations

from torch import Tensor, nn

from priorsr.shapes import check_map, check_same


class ChannelAttention(nn.Module):
    """Squeeze-and-excitation gate: x * sigmoid(W2 relu(W1 mean(x))) (+ residual).

    Shapes: x and residual (B,C,H,W) -> (B,C,H,W); any H and W. A misfit raises ShapeError.
    Range: the gate lies in (0, 1), so |output - residual| <= |x|.
    Source: RCAN (ECCV 2018) eq. 8-9, as in KDFSRNet; `reduction` 16 as there. Departure: at least one hidden channel,
        for widths below `reduction`.
    """

    kind = "attention"

    def __init__(self, channels: int, *, reduction: int = 16) -> None:
        super().__init__()
        hidden = max(1, channels // reduction)
        self.channels = channels
        self.squeeze = nn.Conv2d(channels, hidden, 1)
        self.excite = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        check_map(x, self.channels, "channel attention")
        mean = x.mean((2, 3), keepdim=True)  # (B,C,1,1)
        gated = x * self.excite(self.squeeze(mean).relu()).sigmoid()
        if residual is None:
            return gated
        check_same(x, residual, "channel attention", "x and residual")
        return gated + residual
