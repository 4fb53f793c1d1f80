"""The feedback block of DIC's recovery branch: groups of up- and down-projections."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def convolution(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0) -> nn.Module:
    """Build a convolution and a PReLU with one slope."""
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding), nn.PReLU(init=0.2))


def enlargement(channels: int, factor: int) -> nn.Module:
    """Build a transposed convolution that enlarges by `factor`, and a PReLU with one slope."""
    return nn.Sequential(nn.ConvTranspose2d(channels, channels, factor + 4, factor, 2), nn.PReLU(init=0.2))


def reduction(channels: int, factor: int) -> nn.Module:
    """Build a convolution that reduces by `factor`, and a PReLU with one slope."""
    return convolution(channels, channels, factor + 4, factor, 2)


class Squeeze(nn.Sequential):
    """A 1x1 convolution of features side by side, (B,width,H,W) each -> (B,width,H,W), and a PReLU with one slope.

    Computed as the sum of one convolution of each feature. A feedback block's HR features are large, and concatenating
    a growing number of them takes longer than their convolution.
    """

    def __init__(self, width: int, count: int) -> None:
        super().__init__(nn.Conv2d(width * count, width, 1), nn.PReLU(init=0.2))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        weight, bias = self[0].get_parameter("weight"), self[0].get_parameter("bias")
        first, *others = zip(features, weight.split(len(weight), 1), strict=True)
        total = F.conv2d(*first, bias)
        for feature, its_weight in others:
            total = total + F.conv2d(feature, its_weight)
        return self[1](total)


class FeedbackBlock(nn.Module):
    """A block that projects features to HR and back `groups` times, each time from the results of all earlier groups.

    The input (B,in_channels,H,W) is compressed to (B,width,H,W), fused with heatmaps if there is a fusion, and
    projected. The output (B,width,H,W) is the feedback for the next step.
    """

    def __init__(
        self, in_channels: int, width: int, groups: int, projection: int, fusion: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.compress_in = convolution(in_channels, width, 1)
        self.fusion = fusion
        self.up = nn.ModuleList(enlargement(width, projection) for _ in range(groups))
        self.down = nn.ModuleList(reduction(width, projection) for _ in range(groups))
        self.squeeze_lr, self.squeeze_hr = (_squeezes(width, groups) for _ in range(2))
        self.compress_out = convolution(width * groups, width, 1)

    def forward(self, x: Tensor, heatmaps: Tensor | None = None) -> Tensor:
        x = self.compress_in(x)
        if self.fusion is not None:
            x = self.fusion(x, heatmaps)
        lr, hr = [x], []
        for up, down, squeeze_lr, squeeze_hr in zip(self.up, self.down, self.squeeze_lr, self.squeeze_hr, strict=True):
            hr.append(up(squeeze_lr(lr)))
            lr.append(down(squeeze_hr(hr)))
        return self.compress_out(torch.cat(lr[1:], 1))


class First(nn.Module):
    """The squeeze of the first group: returns the only feature unchanged."""

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        (feature,) = features
        return feature


def _squeezes(width: int, groups: int) -> nn.ModuleList:
    """Build the squeeze of each group, which reduces all features so far to `width` channels."""
    return nn.ModuleList([First(), *(Squeeze(width, count) for count in range(2, groups + 1))])
