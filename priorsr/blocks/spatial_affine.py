"""Fusion by a scale and a shift at every pixel."""

from __future__ import annotations

from torch import Tensor, nn

from priorsr.blocks.argument_checks import check_fusion
from priorsr.blocks.map_resizing import resize_map
from priorsr.errors import OptionError


class SpatialAffineFusion(nn.Module):
    """features * (1 + scale) + shift, both computed from the prior map by conv3x3, ReLU, conv3x3.

    The last convolution starts at zero, so the block starts as the identity.

    Shapes: features (B,C,H,W), prior map (B,P,h,w), resized to H x W -> (B,C,H,W). Wrong shapes raise ShapeError,
        `hidden` below 1 OptionError.
    Range: unbounded; no normalisation.
    Source: SFT (Wang et al., CVPR 2018) and SPADE (Park et al., CVPR 2019) eq. 1, which share this form. Departures:
        the features are not normalised first, as in SFT; scale and shift share their hidden layer of 3x3, as in SPADE,
        with `hidden` channels, by default as many as the features.
    """

    kind = "fusion"
    prior = "any"

    def __init__(self, channels: int, prior_channels: int, *, hidden: int | None = None) -> None:
        super().__init__()
        hidden = channels if hidden is None else hidden
        if hidden < 1:
            raise OptionError(f"spatial affine fusion: hidden is {hidden}; 1 or more was expected")
        self.channels, self.prior_channels = channels, prior_channels
        self.share = nn.Conv2d(prior_channels, hidden, 3, padding=1)
        self.affine = nn.Conv2d(hidden, 2 * channels, 3, padding=1)
        nn.init.zeros_(self.affine.weight)
        nn.init.zeros_(self.affine.bias)  # type: ignore[arg-type]  # it has one

    def forward(self, features: Tensor, prior_map: Tensor) -> Tensor:
        check_fusion(features, prior_map, self.channels, self.prior_channels, "spatial affine fusion")
        resized = resize_map(prior_map, (features.shape[2], features.shape[3]))
        scale, shift = self.affine(self.share(resized).relu()).chunk(2, 1)
        return features * (1 + scale) + shift
