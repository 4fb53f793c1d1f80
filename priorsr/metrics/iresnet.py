"""IResNet, the network of ArcFace, under the names of InsightFace's checkpoints."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

SIDE = 112  # pixels of the input image
DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 14, 3), 100: (3, 13, 30, 3)}
"""Layers -> blocks of each stage, of the networks that are released."""


class IResNet(nn.Module):
    """Embed aligned faces: RGB images (B,3,112,112) in [-1, 1] -> (B,512), not normalised.

    depths: blocks in each of the four stages. Source: Deng et al., "ArcFace" (CVPR 2019); "improved residual" blocks
    of Han et al., "Deep pyramidal residual networks" (CVPR 2017).
    """

    def __init__(self, depths: Sequence[int]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.prelu = nn.PReLU(64)
        widths = (64, 64, 128, 256, 512)
        for stage, depth in enumerate(depths, start=1):
            blocks = [
                _Block(widths[stage - 1] if i == 0 else widths[stage], widths[stage], i == 0) for i in range(depth)
            ]
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
        self.bn2 = nn.BatchNorm2d(512)
        self.fc = nn.Linear(512 * (SIDE // 16) ** 2, 512)
        self.features = nn.BatchNorm1d(512)

    def forward(self, x: Tensor) -> Tensor:
        x = self.prelu(self.bn1(self.conv1(x)))
        for stage in range(1, 5):
            x = self.get_submodule(f"layer{stage}")(x)
        return self.features(self.fc(self.bn2(x).flatten(1)))


class _Block(nn.Module):
    """A residual block; the first of a stage halves the image."""

    def __init__(self, in_channels: int, channels: int, first: bool) -> None:
        super().__init__()
        stride = 2 if first else 1
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.prelu = nn.PReLU(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels)
        shortcut = (nn.Conv2d(in_channels, channels, 1, stride=stride, bias=False), nn.BatchNorm2d(channels))
        self.downsample = nn.Sequential(*shortcut) if first else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        branch = self.conv1(self.bn1(x))
        return self.bn3(self.conv2(self.prelu(self.bn2(branch)))) + self.downsample(x)
