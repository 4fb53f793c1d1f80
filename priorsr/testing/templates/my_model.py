"""A model: residual blocks at the size of the LR image, then an enlargement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from priorsr import Prior, SROutput
from priorsr.blocks import ResidualAttentionBlock
from priorsr.models import check_input, enlarge
from priorsr.registry import PartSpec, build_part
from torch import Tensor, nn


@dataclass(frozen=True)
class MyModelConfig:
    """The sizes and the parts of the network.

    scale: enlargement of the sides. width: channels. depth: residual blocks.
    attention, upsampler: components of these kinds, by name, as Part(name, ...) or as a class.
    """

    scale: int = 8
    width: int = 64
    depth: int = 16
    attention: PartSpec = "channel"
    upsampler: PartSpec = "pixel_shuffle"

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {}, "nano": {"width": 16, "depth": 2}}


class MyModel(nn.Module):
    """Adds to the bicubic enlargement what residual blocks find at the size of the LR image.

    Shapes: lr (B,3,h,w) -> sr (B,3,scale*h,scale*w); any h and w. Wrong shapes raise ShapeError.
    Range: RGB in [0, 1] up to overshoot; not clamped.
    Source: ours.
    """

    kind = "model"
    contract = 2  # the version of the contract, see priorsr.testing
    Config = MyModelConfig
    prior = "none"
    size_multiple = 1

    def __init__(self, config: MyModelConfig) -> None:
        super().__init__()
        self.config, self.scale = config, config.scale
        blocks = [ResidualAttentionBlock(config.width, attention=config.attention) for _ in range(config.depth)]
        tail = build_part("upsampler", config.upsampler, in_channels=config.width, out_channels=3, scale=config.scale)
        self.body = nn.Sequential(nn.Conv2d(3, config.width, 3, padding=1), *blocks, tail)

    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
        check_input(self, lr, prior)
        return SROutput(enlarge(lr, self.scale).to(lr.dtype) + self.body(lr))
