"""DIC's feedback hourglass (CVPR 2020) in plain torch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConvBlock(nn.Module):
    """Convolution and ReLU."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv_block(x)


class Residual(nn.Module):
    """Conv1x1, ReLU, conv3x3, conv1x1, plus the identity."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        half = out_channels // 2
        self.conv_block = nn.Sequential(
            nn.Conv2d(in_channels, half, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(half, half, 3, padding=1),
            nn.Conv2d(half, out_channels, 1),
        )
        self.skip_layer = nn.Identity() if in_channels == out_channels else nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.skip_layer(x) + self.conv_block(x)


class Hourglass(nn.Module):
    """Depth 4, spelt out: (B,C,32,32), unchanged."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.res4_1, self.res4_2, self.res4_3 = (Residual(channels, channels) for _ in range(3))
        self.res3_1, self.res3_2, self.res3_3 = (Residual(channels, channels) for _ in range(3))
        self.res2_1, self.res2_2, self.res2_3 = (Residual(channels, channels) for _ in range(3))
        self.res1_1, self.res1_2, self.res1_3 = (Residual(channels, channels) for _ in range(3))
        self.res_center = Residual(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        up4 = self.res4_1(x)  # 32 x 32
        low4 = self.res4_2(F.max_pool2d(x, 2))
        up3 = self.res3_1(low4)
        low3 = self.res3_2(F.max_pool2d(low4, 2))
        up2 = self.res2_1(low3)
        low2 = self.res2_2(F.max_pool2d(low3, 2))
        up1 = self.res1_1(low2)
        low1 = self.res1_2(F.max_pool2d(low2, 2))  # 2 x 2
        y = up1 + twice(self.res1_3(self.res_center(low1)))
        y = up2 + twice(self.res2_3(y))
        y = up3 + twice(self.res3_3(y))
        return up4 + twice(self.res4_3(y))


class FeedbackHourglass(nn.Module):
    """Image less the mean colour (B,3,H,W), hidden state or None -> heatmaps (B,L,H/4,W/4), hidden state."""

    def __init__(self, width: int = 256, landmarks: int = 68) -> None:
        super().__init__()
        self.width = width
        self.pre_conv_block = nn.Sequential(
            nn.Conv2d(3, width // 4, 7, stride=2, padding=3),
            nn.ReLU(inplace=True),
            Residual(width // 4, width // 2),
            nn.MaxPool2d(2),
            Residual(width // 2, width // 2),
            Residual(width // 2, width),
        )
        self.compress_in = nn.Conv2d(2 * width, 2 * width, 1)
        self.hg = Hourglass(2 * width)
        self.hg_conv_out = nn.Sequential(
            Residual(width, width), ConvBlock(width, width), nn.Conv2d(width, landmarks, 1)
        )

    def forward(self, image: Tensor, hidden: Tensor | None) -> tuple[Tensor, Tensor]:
        features = self.pre_conv_block(image)
        x = self.hg(self.compress_in(torch.cat([features, features if hidden is None else hidden], 1)))
        return self.hg_conv_out(x[:, : self.width]), x[:, self.width :]


def twice(x: Tensor) -> Tensor:
    """Enlarge by 2 bilinearly with aligned corners."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
