"""Channel attention: each channel is weighted by a gate computed from all channels."""

from __future__ import annotations

from torch import Tensor, nn

from priorsr.errors import OptionError
from priorsr.kernels import channel_gate
from priorsr.shapes import check_map, check_same


class ChannelAttention(nn.Module):
    """Squeeze-and-excitation gate: x * sigmoid(W2 relu(W1 mean(x))) (+ residual).

    Shapes: x and residual (B,C,H,W) -> (B,C,H,W); any H and W. Wrong shapes raise ShapeError, a `reduction` below 1
        OptionError.
    Range: the gate lies in (0, 1), so |output - residual| <= |x|.
    Source: RCAN (ECCV 2018) section 3.3, as in KDFSRNet; `reduction` 16 as there. Departure: at least one hidden
        channel, for widths below `reduction`.
    """

    kind = "attention"

    def __init__(self, channels: int, *, reduction: int = 16) -> None:
        super().__init__()
        if reduction < 1:
            raise OptionError(f"channel attention: reduction is {reduction}; 1 or more was expected")
        hidden = max(1, channels // reduction)
        self.channels = channels
        self.squeeze = nn.Conv2d(channels, hidden, 1)
        self.excite = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        check_map(x, self.channels, "channel attention")
        if residual is not None:
            check_same(x, residual, "channel attention", "x and residual")
        return channel_gate(x, residual, _matrix(self.squeeze), _matrix(self.excite))


def _matrix(conv: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Return a 1x1 convolution's weight, (Cout,Cin), and bias."""
    return conv.weight.flatten(1), conv.get_parameter("bias")
