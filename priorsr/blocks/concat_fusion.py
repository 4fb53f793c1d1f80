"""Fusion by concatenation: the simplest fusion, and the baseline of the others."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from priorsr.blocks.argument_checks import check_fusion
from priorsr.blocks.map_resizing import resize_map
from priorsr.errors import OptionError


class ConcatFusion(nn.Module):
    """One convolution over features and prior map side by side.

    Shapes: features (B,C,H,W), prior map (B,P,h,w), resized to H x W -> (B,C,H,W). Wrong shapes raise ShapeError. An
        even `kernel_size` raises OptionError, since it would change H and W.
    Range: linear, unbounded.
    Source: the common baseline of the field (FSRNet, CVPR 2018, concatenates features and prior maps).
    """

    kind = "fusion"
    prior = "any"

    def __init__(self, channels: int, prior_channels: int, *, kernel_size: int = 3) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise OptionError(f"concat fusion: kernel_size is {kernel_size}; an odd number from 1 was expected")
        self.channels, self.prior_channels = channels, prior_channels
        self.conv = nn.Conv2d(channels + prior_channels, channels, kernel_size, padding=kernel_size // 2)

    def forward(self, features: Tensor, prior_map: Tensor) -> Tensor:
        check_fusion(features, prior_map, self.channels, self.prior_channels, "concat fusion")
        size = (features.shape[2], features.shape[3])
        return self.conv(torch.cat([features, resize_map(prior_map, size)], 1))
