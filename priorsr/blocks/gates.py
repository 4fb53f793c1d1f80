"""Gates in (0, 1) that several attentions share: one value for each channel, or one for each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from priorsr.errors import OptionError

Pool = Literal["average", "maximum", "variance"]


class ChannelGate(nn.Module):
    """(B,C,H,W) -> (B,C,1,1): sigmoid of the sum over `pools` of W2 relu(W1 pool(x)); all pools share W1 and W2."""

    def __init__(self, channels: int, *, pools: Sequence[Pool], reduction: int) -> None:
        super().__init__()
        if reduction < 1 or not pools or not set(pools) <= set(get_args(Pool)):
            raise OptionError(
                f"channel gate: reduction is {reduction} and pools are {tuple(pools)}; 1 or more, and some of "
                f"{', '.join(get_args(Pool))}, were expected"
            )
        self.pools = tuple(pools)
        hidden = max(1, channels // reduction)
        self.squeeze = nn.Conv2d(channels, hidden, 1)
        self.excite = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gates = [self.excite(self.squeeze(_pool(x, pool)).relu()) for pool in self.pools]
        return torch.stack(gates).sum(0).sigmoid()


class SpatialGate(nn.Module):
    """(B,C,H,W) -> (B,1,H,W): sigmoid of a convolution over the channels' mean and maximum at each pixel."""

    def __init__(self, *, kernel_size: int) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise OptionError(f"spatial gate: kernel_size is {kernel_size}; an odd number from 1 was expected")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)).sigmoid()


def _pool(x: Tensor, pool: Pool) -> Tensor:
    match pool:
        case "average":
            return x.mean((2, 3), keepdim=True)
        case "maximum":
            return x.amax((2, 3), keepdim=True)
        case "variance":
            return x.var((2, 3), keepdim=True, correction=0)  # 0, not NaN, at a single pixel
