"""SimAM: attention without parameters."""

from __future__ import annotations

from torch import Tensor, nn

from priorsr.shapes import check_map, check_same


class SimAM(nn.Module):
    """Attention to values that stand out in their channel: x * sigmoid(d^2 / (4 (v + regulariser)) + 1/2).

    d is the distance to the channel's mean, v the channel's variance.

    Shapes: x and residual (B,C,H,W) of more than one pixel -> (B,C,H,W). Wrong shapes raise ShapeError.
    Range: the weight lies in (0.62, 1), so |output - residual| <= |x|.
    Source: Yang et al., "SimAM" (ICML 2021), eq. 5 and 6.
    """

    kind = "attention"

    def __init__(self, channels: int, *, regulariser: float = 1e-4) -> None:
        super().__init__()
        self.channels, self.regulariser = channels, regulariser

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        check_map(x, self.channels, "SimAM")
        squared = (x - x.mean((2, 3), keepdim=True)).square()
        variance = squared.sum((2, 3), keepdim=True) / max(x.shape[2] * x.shape[3] - 1, 1)
        weighed = x * (squared / (4 * (variance + self.regulariser)) + 0.5).sigmoid()
        if residual is None:
            return weighed
        check_same(x, residual, "SimAM", "x and residual")
        return weighed + residual
