"""DIC's generator (CVPR 2020) in plain torch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.plain.hourglass import FeedbackHourglass
from benchmarks.plain.operations import landmark_fusion

MEAN_COLOUR = (0.509, 0.424, 0.378)
COMPONENTS = (range(36, 42), range(42, 48), range(27, 36), range(48, 68), range(27))
"""Of iBUG's 68 points: left eye, right eye, nose, mouth, outline."""


def conv(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0) -> nn.Sequential:
    """Convolution and PReLU."""
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding), nn.PReLU(init=0.2))


def deconv(channels: int, kernel_size: int, stride: int) -> nn.Sequential:
    """Transposed convolution and PReLU."""
    return nn.Sequential(nn.ConvTranspose2d(channels, channels, kernel_size, stride, 2), nn.PReLU(init=0.2))


class ComponentResidual(nn.Module):
    """A residual block for each of the five components' features; (B,5C,H,W), unchanged."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.res = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, groups=5),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, groups=5),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.res(x)


class AttentiveFusion(nn.Module):
    """Features (B,C,H,W) and heatmaps (B,68,H,W) -> features (B,C,H,W)."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        self.conv_in = nn.Sequential(nn.Conv2d(channels, 5 * channels, 1), nn.LeakyReLU(0.2, inplace=True))
        self.resnet = nn.Sequential(*(ComponentResidual(5 * channels) for _ in range(blocks)))

    def forward(self, features: Tensor, heatmaps: Tensor) -> Tensor:
        return landmark_fusion(self.resnet(self.conv_in(features)), heatmaps, COMPONENTS)


class FeedbackBlock(nn.Module):
    """(B,in_channels,2h,2w), perhaps with heatmaps (B,68,2h,2w) -> feedback (B,C,2h,2w)."""

    def __init__(self, in_channels: int, channels: int, groups: int, fusion_blocks: int | None = None) -> None:
        super().__init__()
        self.compress_in = conv(in_channels, channels, 1)
        if fusion_blocks is not None:
            self.fusion_block = AttentiveFusion(channels, fusion_blocks)
        self.upBlocks = nn.ModuleList(deconv(channels, 12, 8) for _ in range(groups))
        self.downBlocks = nn.ModuleList(conv(channels, channels, 12, 8, 2) for _ in range(groups))
        self.uptranBlocks = nn.ModuleList(conv(channels * (g + 1), channels, 1) for g in range(1, groups))
        self.downtranBlocks = nn.ModuleList(conv(channels * (g + 1), channels, 1) for g in range(1, groups))
        self.compress_out = conv(channels * groups, channels, 1)

    def forward(self, x: Tensor, heatmaps: Tensor | None = None) -> Tensor:
        x = self.compress_in(x)
        if heatmaps is not None:
            x = self.fusion_block(x, heatmaps)
        lr, hr = [x], [self.upBlocks[0](x)]
        lr.append(self.downBlocks[0](hr[0]))
        for g in range(1, len(self.upBlocks)):
            hr.append(self.upBlocks[g](self.uptranBlocks[g - 1](torch.cat(lr, 1))))
            lr.append(self.downBlocks[g](self.downtranBlocks[g - 1](torch.cat(hr, 1))))
        return self.compress_out(torch.cat(lr[1:], 1))


class DIC(nn.Module):
    """LR image (B,3,h,w) -> SR image (B,3,8h,8w); `look` returns every step's image and heatmaps."""

    mean: Tensor

    def __init__(
        self, channels: int = 48, groups: int = 6, steps: int = 4, fusion_blocks: int = 7, hourglass_width: int = 256
    ) -> None:
        super().__init__()
        self.steps = steps
        self.conv_in = conv(3, 4 * channels, 3, padding=1)
        self.first_block = FeedbackBlock(channels, channels, groups)
        self.block = FeedbackBlock(2 * channels, channels, groups, fusion_blocks)
        self.out = deconv(channels, 8, 4)
        self.conv_out = nn.Sequential(nn.Conv2d(channels, 3, 3, padding=1))
        self.HG = FeedbackHourglass(hourglass_width)
        self.register_buffer("mean", torch.tensor(MEAN_COLOUR).view(1, 3, 1, 1), persistent=False)

    def forward(self, lr: Tensor) -> Tensor:
        images, _ = self.look(lr - self.mean)
        return images[-1] + self.mean

    def look(self, lr: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """LR image less the mean colour -> images, likewise, and heatmaps (B,68,2h,2w), a step each."""
        enlarged = F.interpolate(lr, scale_factor=8, mode="bilinear", align_corners=False)
        features = F.pixel_shuffle(self.conv_in(lr), 2)
        feedback = self.first_block(features)
        images = [enlarged + self.conv_out(self.out(feedback))]
        found, hidden = self.HG(images[0], None)
        heatmaps = [found]
        for _ in range(1, self.steps):
            feedback = self.block(torch.cat([features, feedback], 1), heatmaps[-1])
            images.append(enlarged + self.conv_out(self.out(feedback)))
            found, hidden = self.HG(images[-1], hidden)
            heatmaps.append(found)
        return images, heatmaps
