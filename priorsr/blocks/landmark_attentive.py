"""DIC's attentive fusion: features of each facial component, weighted per pixel by its landmark heatmaps."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.blocks.argument_checks import check_fusion
from priorsr.blocks.map_resizing import resize_map
from priorsr.errors import OptionError
from priorsr.kernels.landmark_fusion import LANDMARK_GROUPS, landmark_fusion

COMPONENTS = 5
SLOPE = 0.2


class LandmarkAttentiveFusion(nn.Module):
    """Separate features for five facial components, summed with weights from the components' heatmaps.

    Conv1x1 C -> 5C and LeakyReLU; `depth` grouped residual blocks, one group for each component; at each pixel the sum
    over the components, weighted by a softmax of their heatmaps (`priorsr.kernels.landmark_fusion`).

    Shapes: features (B,C,H,W), heatmaps (B,P,h,w), resized to H x W -> (B,C,H,W). P = 68 (iBUG) or 194 (Helen)
        landmarks are grouped into left eye, right eye, nose, mouth and outline; P = 5 maps are taken for these
        components, in that order. Another P raises OptionError, wrong shapes ShapeError.
    Range: unbounded, since the last convolution is linear; heatmaps of any sign, each divided by its own maximum.
    Source: DIC (Ma et al., CVPR 2020) and its released code (LeakyReLU 0.2, 7 blocks). Departure: heatmaps are resized
        to the features' size.
    """

    kind = "fusion"
    prior = "heatmaps"

    def __init__(self, channels: int, prior_channels: int, *, depth: int = 7) -> None:
        super().__init__()
        known = (*LANDMARK_GROUPS, COMPONENTS)
        if prior_channels not in known:
            raise OptionError(
                f"landmark attentive fusion: prior_channels is {prior_channels}; one of {known} was expected"
            )
        if depth < 0:
            raise OptionError(f"landmark attentive fusion: depth is {depth}; 0 or more was expected")
        self.channels, self.prior_channels = channels, prior_channels
        groups = LANDMARK_GROUPS.get(prior_channels)
        self.groups = None if groups is None else tuple(groups.values())
        self.conv_in = nn.Conv2d(channels, COMPONENTS * channels, 1)
        self.blocks = nn.Sequential(*(ComponentBlock(channels) for _ in range(depth)))

    def forward(self, features: Tensor, prior_map: Tensor) -> Tensor:
        check_fusion(features, prior_map, self.channels, self.prior_channels, "landmark attentive fusion")
        heatmaps = resize_map(prior_map, (features.shape[2], features.shape[3]))
        component_features = self.blocks(F.leaky_relu(self.conv_in(features), SLOPE))
        return landmark_fusion(component_features, heatmaps, self.groups)


class ComponentBlock(nn.Module):
    """x + conv3x3(LeakyReLU(conv3x3(x))), one group of channels for each component; (B,5C,H,W) -> (B,5C,H,W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        width = COMPONENTS * channels
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, groups=COMPONENTS)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, groups=COMPONENTS)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.leaky_relu(self.conv1(x), SLOPE))
