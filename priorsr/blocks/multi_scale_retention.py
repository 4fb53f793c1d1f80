"""Retention of every scale: each decoder stage receives all encoder features."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from priorsr.blocks.argument_checks import check_retention
from priorsr.blocks.map_resizing import resize_map
from priorsr.errors import OptionError


class MultiScaleRetention(nn.Module):
    """Resize every retained feature to x's size, and add their refined sum: x + kept + conv3x3(relu(kept)).

    kept = sum_i resize(conv1x1_i(retained_i)): the same as a 1x1 convolution of all resized scales side by side, but
    convolved before the resizing. The sum runs from coarse to fine, each scale enlarged to the next. It is refined at
    the size of the finest retained feature, and only then enlarged to x's.

    Shapes: x (B,C,H,W), retained features (B,channels[i],...), finest first, averaged where they shrink and bilinear
        where they grow -> (B,C,H,W). Wrong shapes raise ShapeError; an empty list of scales, OptionError.
    Range: unbounded; no normalisation.
    Source: FishFSRNet (TBIOM 2023), whose multi-scale block resamples earlier scales to the current one and refines
        them; PKDN (arXiv 2409.14385) keeps the encoder's multi-scale features for its decoder. Departures: the layers
        are neither paper's; the sum from coarse to fine is that of feature pyramids (FPN, CVPR 2017).
    """

    kind = "retention"

    def __init__(self, channels: Sequence[int], target_channels: int) -> None:
        super().__init__()
        self.channels, self.target_channels = tuple(channels), target_channels
        if not self.channels:
            raise OptionError("multi-scale retention: no scale is retained; one or more were expected")
        self.project = nn.ModuleList(nn.Conv2d(of_scale, target_channels, 1) for of_scale in self.channels)
        self.refine = nn.Conv2d(target_channels, target_channels, 3, padding=1)

    def forward(self, x: Tensor, retained: Sequence[Tensor]) -> Tensor:
        check_retention(x, retained, self.channels, self.target_channels, "multi-scale retention")
        scales = [
            resize_map(project(feature), (min(x.shape[2], feature.shape[2]), min(x.shape[3], feature.shape[3])))
            for project, feature in zip(self.project, retained, strict=True)
        ]
        kept = scales.pop()
        for finer in reversed(scales):
            kept = finer + resize_map(kept, (finer.shape[2], finer.shape[3]))
        return x + resize_map(kept + self.refine(kept.relu()), (x.shape[2], x.shape[3]))
