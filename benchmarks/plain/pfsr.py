"""PFSR's generator (BMVC 2019) in plain torch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ScaledConv(nn.Module):
    """A 3x3 convolution whose weight is multiplied by sqrt(2 / fan_in) at every call."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight_orig = nn.Parameter(torch.randn(channels, channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        gain = (2 / self.weight_orig[0].numel()) ** 0.5
        return F.conv2d(x, self.weight_orig * gain, self.bias, padding=1)


class EqualisedConv(nn.Module):
    """The convolution whose weight the released files call `conv.weight_orig`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = ScaledConv(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Residual(nn.Module):
    """Twice equalised convolution, batch normalisation and ReLU; plus the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            EqualisedConv(channels),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            EqualisedConv(channels),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) + x


def step(channels: int) -> list[nn.Module]:
    """Twice the sides, half the channels."""
    return [
        Residual(channels),
        nn.ConvTranspose2d(channels, channels // 2, 4, 2, 1),
        nn.BatchNorm2d(channels // 2),
        nn.ReLU(inplace=True),
    ]


class PFSR(nn.Module):
    """LR image (B,3,h,w) -> SR image (B,3,8h,8w); `generate` returns earlier steps and fades, in [-1, 1]."""

    def __init__(self, width: int = 512) -> None:
        super().__init__()
        head = [nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        self.step1 = nn.Sequential(*head, *step(width))
        self.step2 = nn.Sequential(*step(width // 2))
        self.step3 = nn.Sequential(*step(width // 4))
        self.to_rgb = nn.ModuleList(nn.Conv2d(width // halves, 3, 1) for halves in (2, 4, 8))

    def forward(self, lr: Tensor) -> Tensor:
        return (self.generate(2 * lr - 1) + 1) / 2

    def generate(self, x: Tensor, steps: int = 3, alpha: float = 1.0) -> Tensor:
        """Return an image in [-1, 1], enlarged by 2, 4 or 8; with alpha below 1, blended with the earlier step's."""
        features = [self.step1(x)]
        for grow in (self.step2, self.step3)[: steps - 1]:
            features.append(grow(features[-1]))
        rgb = self.to_rgb[steps - 1](features[-1])
        if alpha == 1 or steps == 1:
            return rgb
        earlier = F.interpolate(self.to_rgb[steps - 2](features[-2]), scale_factor=2, mode="nearest")
        return (1 - alpha) * earlier + alpha * rgb
