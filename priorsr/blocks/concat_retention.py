"""Retention by concatenation: the skip connection of a U-Net."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from priorsr.blocks.argument_checks import check_retention
from priorsr.blocks.map_resizing import resize_map
from priorsr.errors import OptionError


class ConcatRetention(nn.Module):
    """One 1x1 convolution over x and the retained feature of its scale, side by side.

    Computed as the sum of one convolution of each, so a coarser feature is convolved before it is enlarged. If no
    retained feature has x's size, the one with the nearest area (by ratio; the finer of two equally near) is resized.
    So the last stage of an `encoder_decoder`, at full size, gets the encoder's finest feature, enlarged by 2.

    Shapes: x (B,C,H,W), retained features (B,K,...), finest first -> (B,C,H,W). Wrong shapes raise ShapeError. Scales
        with unequal channels raise OptionError, since any of them may be the nearest.
    Range: linear, unbounded.
    Source: U-Net (MICCAI 2015). Departure: a 1x1 convolution brings the channels back to C, in place of U-Net's 3x3.
    """

    kind = "retention"

    def __init__(self, channels: Sequence[int], target_channels: int) -> None:
        super().__init__()
        self.channels, self.target_channels = tuple(channels), target_channels
        if len(set(self.channels)) != 1:
            raise OptionError(f"concat retention: the scales have {self.channels} channels; one number was expected")
        self.of_x = nn.Conv2d(target_channels, target_channels, 1)
        self.of_retained = nn.Conv2d(self.channels[0], target_channels, 1, bias=False)

    def forward(self, x: Tensor, retained: Sequence[Tensor]) -> Tensor:
        check_retention(x, retained, self.channels, self.target_channels, "concat retention")
        area = x.shape[2] * x.shape[3]
        nearest = min(retained, key=lambda kept: abs(math.log(kept.shape[2] * kept.shape[3] / area)))
        return self.of_x(x) + resize_map(self.of_retained(nearest), (x.shape[2], x.shape[3]))
