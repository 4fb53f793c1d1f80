"""The shift-tolerant AlexNet, and the distance of its features."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHANNELS = (3, 64, 192, 384, 256, 256)
KERNELS = (11, 5, 3, 3, 3)
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # mean and deviation of images in [-1, 1], as in LPIPS


class ShiftTolerantAlexNet(nn.Module):
    """The weighted distance of two images' features in an AlexNet whose strides are replaced by blurs with stride 2.

    The first convolution has stride 1 and is blurred before its ReLU; each max pooling has stride 1 and is blurred
    after it. A blur has weights 1 2 1 on both axes, on features mirrored by 2 pixels at their edges. As in LPIPS, five
    layers of features are compared.

    Shapes: a, b (B,3,H,W), the same, sides from 21 -> (B,).
    Range: images in [-1, 1]; 0 for equal images.
    Source: Ghildyal and Liu, "Shift-tolerant perceptual similarity metric" (ECCV 2022); Zhang, "Making convolutional
        networks shift-invariant again" (ICML 2019); Zhang et al. (CVPR 2018) for the distance.
    """

    def __init__(self) -> None:
        super().__init__()
        sizes = zip(pairwise(CHANNELS), KERNELS, strict=True)
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, size, padding=min(2, size // 2)) for (a, b), size in sizes)
        self.weights = nn.ModuleList(nn.Conv2d(channels, 1, 1, bias=False) for channels in CHANNELS[1:])

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        distances = [
            weight((_unit(x) - _unit(y)).square()).mean((1, 2, 3))
            for weight, x, y in zip(self.weights, self._features(a), self._features(b), strict=True)
        ]
        return torch.stack(distances).sum(0)

    def _features(self, images: Tensor) -> Iterator[Tensor]:
        """Return the features after each ReLU."""
        shift, scale = (images.new_tensor(values)[:, None, None] for values in (SHIFT, SCALE))
        x = ((images - shift) / scale).contiguous(
            memory_format=torch.channels_last
        )  # a CPU pools these 7 times as fast
        for index, convolution in enumerate(self.convolutions):
            if index in (1, 2):
                x = _blurred(F.max_pool2d(x, 3, stride=1))
            x = convolution(x)
            x = F.relu(_blurred(x) if index == 0 else x)
            yield x


def _blurred(x: Tensor) -> Tensor:
    """Return features (B,C,H,W) at half the size."""
    channels = x.shape[1]
    line = x.new_tensor([0.25, 0.5, 0.25])
    kernel = (line[:, None] * line).expand(channels, 1, 3, 3)
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), kernel, stride=2, groups=channels)


def _unit(x: Tensor) -> Tensor:
    """Return features (B,C,H,W) of length 1 at every pixel."""
    return x / (x.norm(dim=1, keepdim=True) + 1e-10)
