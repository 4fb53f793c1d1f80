"""Fusion by a gate: the prior decides, at every pixel, how much of each feature passes."""

from __future__ import annotations

from priorsr.blocks import check_fusion, resize_map
from torch import Tensor, nn


class MyFusion(nn.Module):
    """Multiplies features by a gate that a convolution of the prior map gives: features * 2 sigmoid(conv(map)).

    kernel_size: of the convolution, an odd number.

    Shapes: features (B,C,H,W), prior map (B,P,h,w), resized to H x W -> (B,C,H,W). Wrong shapes raise ShapeError.
    Range: the gate lies in (0, 2).
    Source: ours.
    """

    kind = "fusion"
    contract = 2  # the version of the contract, see priorsr.testing
    prior = "any"

    def __init__(self, channels: int, prior_channels: int, *, kernel_size: int = 3) -> None:
        super().__init__()
        self.channels, self.prior_channels = channels, prior_channels
        self.gate = nn.Conv2d(prior_channels, channels, kernel_size, padding=kernel_size // 2)

    def forward(self, features: Tensor, prior_map: Tensor) -> Tensor:
        check_fusion(features, prior_map, self.channels, self.prior_channels, "my_fusion")
        size = (features.shape[2], features.shape[3])
        return features * 2 * self.gate(resize_map(prior_map, size)).sigmoid()
