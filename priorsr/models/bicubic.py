"""Bicubic enlargement: the baseline of every table."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from priorsr.config import check_whole
from priorsr.containers import Prior, SROutput
from priorsr.models.enlarging import enlarge
from priorsr.models.input_checks import check_input


@dataclass(frozen=True)
class BicubicConfig:
    """scale: enlargement of the sides."""

    scale: int = 8

    def __post_init__(self) -> None:
        check_whole(self, 1, 64, "scale")


class Bicubic(nn.Module):
    """Bicubic enlargement as PIL does it (a = -0.5), without learnt parameters.

    Shapes: lr (B,3,h,w) -> sr (B,3,scale*h,scale*w); any h and w. Wrong shapes raise ShapeError.
    Range: RGB in [0, 1], with overshoot at edges; not clamped.
    Source: Keys, "Cubic convolution interpolation for digital image processing" (1981). Departure from PIL: no rounding
        to 8 bits between the two passes.
    """

    kind = "model"
    Config = BicubicConfig
    prior = "none"
    size_multiple = 1

    def __init__(self, config: BicubicConfig) -> None:
        super().__init__()
        self.config = config
        self.scale = config.scale

    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
        check_input(self, lr, prior)
        return SROutput(enlarge(lr, self.scale).to(lr.dtype))
