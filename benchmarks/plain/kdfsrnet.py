"""KDFSRNet (TCSVT 2022) in plain torch: student and teacher."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH = 64


def conv3x3(in_channels: int, out_channels: int) -> nn.Conv2d:
    """Build a 3x3 convolution that keeps the size."""
    return nn.Conv2d(in_channels, out_channels, 3, padding=1)


class ChannelAttention(nn.Module):
    """x weighed by its channels' means, squeezed and excited; (B,C,H,W), unchanged."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.conv_du = nn.Sequential(
            nn.Conv2d(channels, channels // reduction, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels // reduction, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.conv_du(self.avg_pool(x))


class RCAB(nn.Module):
    """The residual channel attention block; (B,C,H,W), unchanged."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv3x3(channels, channels),
            nn.ReLU(inplace=True),
            conv3x3(channels, channels),
            ChannelAttention(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def down() -> nn.Sequential:
    """Half the sides."""
    return nn.Sequential(nn.PixelUnshuffle(2), conv3x3(4 * WIDTH, WIDTH))


def up() -> nn.Sequential:
    """Twice the sides."""
    return nn.Sequential(conv3x3(WIDTH, 4 * WIDTH), nn.PixelShuffle(2))


def stage(blocks: int) -> nn.Sequential:
    """Residual channel attention blocks, one after the other."""
    return nn.Sequential(*(RCAB(WIDTH) for _ in range(blocks)))


class KDFSRNet(nn.Module):
    """The student: LR image (B,3,h,w) -> SR image (B,3,8h,8w)."""

    def __init__(self, blocks: int = 6, in_channels: int = 3) -> None:
        super().__init__()
        self.head = nn.Sequential(conv3x3(in_channels, WIDTH))
        self.down1, self.down_stage1 = down(), stage(blocks)
        self.down2, self.down_stage2 = down(), stage(blocks)
        self.down3, self.down_stage3 = down(), stage(blocks)
        self.down4, self.down_stage4 = down(), stage(blocks)
        self.bottleneck = stage(blocks)
        self.up1, self.up_stage1 = up(), stage(blocks)
        self.up2, self.up_stage2 = up(), stage(blocks)
        self.up3, self.up_stage3 = up(), stage(blocks)
        self.up4, self.up_stage4 = up(), stage(blocks)
        self.tail = nn.Sequential(conv3x3(WIDTH, 3))

    def forward(self, lr: Tensor) -> Tensor:
        return self.restore(enlarge(lr))[0]

    def restore(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Enlarged image (B,3,H,W) -> SR image, and the nine stages' features."""
        x = self.head(image)
        f1 = self.down_stage1(self.down1(x))
        f2 = self.down_stage2(self.down2(f1))
        f3 = self.down_stage3(self.down3(f2))
        f4 = self.down_stage4(self.down4(f3))
        f5 = self.bottleneck(f4)
        f6 = self.up_stage1(self.up1(f5))
        f7 = self.up_stage2(self.up2(f6))
        f8 = self.up_stage3(self.up3(f7))
        f9 = self.up_stage4(self.up4(f8))
        return self.tail(f9), [f1, f2, f3, f4, f5, f6, f7, f8, f9]


class KDFSRNetTeacher(KDFSRNet):
    """The teacher: LR image, and a parsing map as a picture (B,3,8h,8w) -> SR image (B,3,8h,8w)."""

    def __init__(self) -> None:
        super().__init__(blocks=2, in_channels=6)

    def forward(self, lr: Tensor, picture: Tensor) -> Tensor:  # type: ignore[override]  # it needs the picture
        return self.restore(torch.cat([enlarge(lr), picture], 1))[0]


def enlarge(lr: Tensor) -> Tensor:
    """Enlarge bicubically by 8, with PIL's kernel."""
    return F.interpolate(lr, scale_factor=8, mode="bicubic", antialias=True)
