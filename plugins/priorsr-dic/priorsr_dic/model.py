"""DIC: alternating estimation of an image and its landmarks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.containers import Prior, SROutput
from priorsr.errors import OptionError
from priorsr.models import check_input, prior_map
from priorsr.registry import build_part
from priorsr_dic.config import DICConfig
from priorsr_dic.convert import LAYOUTS
from priorsr_dic.feedback import FeedbackBlock, convolution, enlargement
from priorsr_dic.hourglass import FeedbackHourglass
from priorsr_dic.mean_shift import MeanShift


class DIC(nn.Module):
    """Deep iterative collaboration: each step restores the face, then finds its landmarks, which guide the next step.

    Features have twice the LR size. A feedback block runs in each step; from the second step on it takes its last
    output and fuses heatmaps. Each step's image is the bilinear enlargement plus a residual from the features. The
    feedback hourglass estimates the heatmaps from the image of the step before; a given prior with heatmaps or
    landmarks replaces them in every step, which measures the value of a prior.

    Shapes: lr (B,3,h,w), and optionally a prior with heatmaps (B,68,...) or landmarks (B,68,2) -> sr (B,3,8h,8w);
        stages: the image of each step; heatmaps: for each step, (B,68,2h,2w), the network's own estimates in any case.
        Wrong shapes raise ShapeError.
    Range: RGB in [0, 1] up to overshoot; not clamped.
    Source: DIC (Ma et al., CVPR 2020) and its released code. Departures: no state is kept between calls; the mean
        colour is subtracted inside; a prior can be given. DICGAN is this network with other weights.
    """

    kind = "model"
    Config = DICConfig
    prior = "optional"
    size_multiple = 1
    released = LAYOUTS

    def __init__(self, config: DICConfig) -> None:
        super().__init__()
        self.config = config
        self.scale = config.scale
        width = config.width
        fusion = build_part("fusion", config.fusion, channels=width, prior_channels=config.landmarks)
        if fusion.prior not in ("heatmaps", "any"):
            raise OptionError(f"fusion is for the prior {fusion.prior!r}, and DIC estimates heatmaps")
        self.shift = MeanShift()
        self.conv_in = nn.Sequential(convolution(3, 4 * width, 3, padding=1), nn.PixelShuffle(2))
        self.first_block = FeedbackBlock(width, width, config.groups, config.projection)
        self.block = FeedbackBlock(2 * width, width, config.groups, config.projection, fusion)
        self.out = nn.Sequential(enlargement(width, config.scale // 2), nn.Conv2d(width, 3, 3, padding=1))
        self.hourglass = FeedbackHourglass(
            width=config.hourglass_width, landmarks=config.landmarks, depth=config.hourglass_depth
        )
        if config.zero_tail:
            for parameter in self.out[-1].parameters():
                nn.init.zeros_(parameter)

    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
        check_input(self, lr, prior)
        enlarged = F.interpolate(lr, scale_factor=self.scale, mode="bilinear", align_corners=False)
        given = None
        if prior is not None and (prior.heatmaps is not None or prior.landmarks is not None):
            given = prior_map(prior, "heatmaps", self.config.landmarks, enlarged, "DIC").to(lr.dtype)
        features = self.conv_in(self.shift(lr))
        images: list[Tensor] = []
        heatmaps: list[Tensor] = []
        feedback, state = features, None
        for step in range(self.config.steps):
            if step == 0:
                feedback = self.first_block(features)
            else:
                steer = heatmaps[-1] if given is None else given
                feedback = self.block(torch.cat([features, feedback], 1), steer)
            images.append(enlarged + self.out(feedback))
            found, state = self.hourglass.look(images[-1], state)
            heatmaps.append(found)
        return SROutput(images[-1], stages=tuple(images), heatmaps=tuple(heatmaps))
