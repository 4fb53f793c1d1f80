"""Fusion by gates: features gated over channels and pixels, beside features that are joined with the parsing map."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from priorsr.blocks.argument_checks import check_fusion
from priorsr.blocks.gates import ChannelGate, SpatialGate
from priorsr.blocks.map_resizing import resize_map


class ParsingGatedFusion(nn.Module):
    """features + conv1x1(attended, informed).

    attended = conv1x1(f * channel gate(f), f * spatial gate(f)) of f = conv3x3(relu(conv3x3(features)));
    informed = conv1x1(conv3x3(features), conv3x3(parsing map)).

    reduction: how many times fewer hidden channels the channel gate has. kernel_size: side of the spatial gate's
    kernel, odd.

    Shapes: features (B,C,H,W), parsing map (B,P,h,w), resized to H x W -> (B,C,H,W). Wrong shapes raise ShapeError, a
        wrong option OptionError.
    Range: unbounded; no normalisation.
    Source: FishFSRNet (TBIOM 2023), its parsing-attention block: a channel gate over average, maximum and variance with
        reduction 4, a spatial gate, and the two paths. Built from a description. Details that it leaves open are ours,
        after CBAM (ECCV 2018): the pools share their layers and are summed, the spatial gate is 7x7 over mean and
        maximum. All other kernels are 3x3.
    """

    kind = "fusion"
    prior = "parsing"

    def __init__(self, channels: int, prior_channels: int, *, reduction: int = 4, kernel_size: int = 7) -> None:
        super().__init__()
        self.channels, self.prior_channels = channels, prior_channels
        self.body1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.body2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.channel_gate = ChannelGate(channels, pools=("average", "maximum", "variance"), reduction=reduction)
        self.spatial_gate = SpatialGate(kernel_size=kernel_size)
        self.join_gates = nn.Conv2d(2 * channels, channels, 1)
        self.of_features = nn.Conv2d(channels, channels, 3, padding=1)
        self.of_map = nn.Conv2d(prior_channels, channels, 3, padding=1)
        self.join_inputs = nn.Conv2d(2 * channels, channels, 1)
        self.join = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, features: Tensor, prior_map: Tensor) -> Tensor:
        check_fusion(features, prior_map, self.channels, self.prior_channels, "parsing gated fusion")
        f = self.body2(self.body1(features).relu())
        attended = self.join_gates(torch.cat([f * self.channel_gate(f), f * self.spatial_gate(f)], 1))
        resized = resize_map(prior_map, (features.shape[2], features.shape[3]))
        informed = self.join_inputs(torch.cat([self.of_features(features), self.of_map(resized)], 1))
        return features + self.join(torch.cat([attended, informed], 1))
