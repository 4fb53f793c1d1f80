"""A model whose detail is known, and faces whose place is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from priorsr.containers import Prior, SROutput
from priorsr.inference.photographs.alignment import BOX
from priorsr.inference.photographs.face_finding import PhotographFace
from priorsr.models import enlarge


@dataclass(frozen=True)
class StripesConfig:
    """amplitude: of the stripes. level: what is added everywhere."""

    amplitude: float = 0.1
    level: float = 0.0


class Stripes(nn.Module):
    """Enlarges bicubically, and adds stripes 4 pixels wide: half a pixel of the LR image, which does not show them."""

    kind = "model"
    Config = StripesConfig
    scale, prior, size_multiple = 8, "none", 1

    def __init__(self, config: StripesConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:  # a model's call
        sr = enlarge(lr, self.scale)
        places = torch.arange(sr.shape[-1])
        return SROutput(sr + self.config.level + self.config.amplitude * (1 - 2 * (places // 4 % 2)))


def face_at(left: float, top: float, side: float) -> PhotographFace:
    """A face whose crop has its corner there and that many pixels a side; its box is 0.58 of it."""
    x, y, width = (value * side / 128 for value in BOX)
    return PhotographFace((left + x, top + y, width, width))
