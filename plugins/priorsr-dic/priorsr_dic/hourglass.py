"""The feedback hourglass, DIC's landmark branch, which is also an estimator of its own."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.containers import Prior
from priorsr.errors import OptionError, ShapeError
from priorsr.models import check_images
from priorsr_dic.heatmap_decoding import decode_heatmaps
from priorsr_dic.mean_shift import MeanShift

SCALE = 4  # image pixels in one heatmap pixel


class FeedbackHourglass(nn.Module):
    """An estimator of 68 landmarks as heatmaps, which reuses the features of its previous call for the same face.

    A stem reduces the image to a quarter of its size; its features and the hidden state are concatenated and compressed
    by 1x1; one hourglass of `depth` levels follows. Half of its output channels become heatmaps, the other half are the
    hidden state for the next call.

    Shapes: images (B,3,H,W), state (B,width,H/4,W/4) or None at first -> Prior with heatmaps (B,landmarks,H/4,W/4),
        landmarks (B,landmarks,2) and valid (B,landmarks), and the next state. H/4 and W/4 are rounded up. Wrong shapes
        raise ShapeError; a `width` that is no multiple of 4, OptionError.
    Range: images in [0, 1]; heatmaps have peaks of about 1, and are not clamped. Landmarks are decoded with subpixel
        accuracy (`priorsr_dic.heatmap_decoding`), and valid if their heatmap's maximum reaches `threshold`.
    Source: DIC (Ma et al., CVPR 2020) and its released code. Departures: the state is an argument and a result; sides
        that cannot be halved evenly are rounded up; the decoding and its threshold are ours.
    """

    kind = "estimator"

    def __init__(self, *, width: int = 256, landmarks: int = 68, depth: int = 4, threshold: float = 0.2) -> None:
        super().__init__()
        if width < 4 or width % 4:
            raise OptionError(f"hourglass: width is {width}; a multiple of 4 was expected")
        if landmarks < 1 or depth < 1:
            raise OptionError(f"hourglass: landmarks={landmarks} and depth={depth}; 1 or more of both was expected")
        self.options: dict[str, Any] = {"width": width, "landmarks": landmarks, "depth": depth, "threshold": threshold}
        self.width, self.threshold = width, threshold
        self.shift = MeanShift()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width // 4, 7, stride=2, padding=3),
            nn.ReLU(),
            Residual(width // 4, width // 2),
            nn.MaxPool2d(2, ceil_mode=True),
            Residual(width // 2, width // 2),
            Residual(width // 2, width),
        )
        self.compress_in = nn.Conv2d(2 * width, 2 * width, 1)
        self.hourglass = Hourglass(2 * width, depth)
        self.head = nn.Sequential(
            Residual(width, width), nn.Conv2d(width, width, 1), nn.ReLU(), nn.Conv2d(width, landmarks, 1)
        )

    def forward(self, images: Tensor, state: Tensor | None = None) -> tuple[Prior, Tensor]:
        heatmaps, state = self.look(images, state)
        landmarks, valid = decode_heatmaps(heatmaps, scale=SCALE, threshold=self.threshold)
        return Prior(landmarks=landmarks, valid=valid, heatmaps=heatmaps), state

    def look(self, images: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return only the heatmaps and the next state."""
        check_images(self, images, "hourglass")
        features = self.stem(self.shift(images))
        before = features if state is None else state
        if before.shape != features.shape:
            raise ShapeError(
                f"hourglass: the state has shape {tuple(before.shape)}; {tuple(features.shape)} was expected"
            )
        x = self.hourglass(self.compress_in(torch.cat([features, before], 1)))
        return self.head(x[:, : self.width]), x[:, self.width :]


class Hourglass(nn.Module):
    """An hourglass that halves features `depth` times and enlarges them again, with a skip at each size; (B,C,h,w)."""

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        self.keep, self.before, self.after = (  # finest first
            nn.ModuleList(Residual(channels, channels) for _ in range(depth)) for _ in range(3)
        )
        self.centre = Residual(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for keep, before in zip(self.keep, self.before, strict=True):
            kept.append(keep(x))
            x = before(F.max_pool2d(x, 2, ceil_mode=True))
        x = self.centre(x)
        for fine, after in zip(reversed(kept), reversed(self.after), strict=True):
            x = fine + F.interpolate(after(x), fine.shape[2:], mode="bilinear", align_corners=True)
        return x


class Residual(nn.Module):
    """Conv1x1 to half the output's width, ReLU, conv3x3, conv1x1, plus the input (by a 1x1 where the widths differ)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        half = out_channels // 2
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, half, 1),
            nn.ReLU(),
            nn.Conv2d(half, half, 3, padding=1),
            nn.Conv2d(half, out_channels, 1),
        )
        self.skip = nn.Identity() if in_channels == out_channels else nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) + self.skip(x)
