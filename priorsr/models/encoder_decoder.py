"""The encoder-decoder skeleton: four parts that are found by kind and name."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.blocks.pixel_shuffle import PixelUnshuffleDownsampler
from priorsr.blocks.residual_attention import ResidualAttentionBlock
from priorsr.config import check_whole
from priorsr.containers import Prior, SROutput
from priorsr.errors import OptionError
from priorsr.models.enlarging import enlarge
from priorsr.models.input_checks import check_input
from priorsr.models.prior_map import PRIOR_CHANNELS, prior_map
from priorsr.registry import Part, PartSpec, build_part, find


@dataclass(frozen=True)
class EncoderDecoderConfig:
    """The parts and sizes of an encoder-decoder.

    width: channels of every feature.
    patch: side of the squares of pixels that the head takes as one position, and the tail gives back; above 1, the
        network computes nothing at the enlarged image's full size.
    levels: how often the encoder halves what the head has made.
    depth: residual attention blocks a stage: one number for all 2 * levels + 1 stages, or one for each, in the order
        encoder (fine to coarse), bottleneck, decoder (coarse to fine).
    scale: how many times the sides of the LR image grow.
    attention, fusion, retention, upsampler: the parts, each a name, Part(name, **options) or a class.
    fusion_at: "input" fuses once, after the head at full size; "encoder" after every encoder stage.
    prior_channels: channels of the map that the fusion steers by; None for those of the prior that it declares: 19
        classes for "parsing" and "any", 68 for "heatmaps".
    global_residual: whether the network adds to the enlarged image, which it then starts as, instead of drawing the
        whole one.
    """

    width: int = 64
    patch: int = 1
    levels: int = 4
    depth: int | tuple[int, ...] = 6
    scale: int = 8
    attention: PartSpec = "channel"
    fusion: PartSpec | None = None
    fusion_at: Literal["input", "encoder"] = "encoder"
    prior_channels: int | None = None
    retention: PartSpec = "none"
    upsampler: PartSpec = "pixel_shuffle"
    global_residual: bool = False

    def __post_init__(self) -> None:
        check_whole(self, 1, 2**16, "width", "prior_channels")
        check_whole(self, 1, 64, "patch", "scale")
        check_whole(self, 1, 16, "levels")
        if len(self.depths) != 2 * self.levels + 1 or min(self.depths) < 0:
            raise OptionError(
                f"depth is {self.depth}; one number, or {2 * self.levels + 1} for {self.levels} levels, was expected"
            )

    @property
    def depths(self) -> tuple[int, ...]:
        """Blocks a stage, spelt out for all 2 * levels + 1 stages."""
        return (self.depth,) * (2 * self.levels + 1) if isinstance(self.depth, int) else self.depth


class EncoderDecoder(nn.Module):
    """An encoder-decoder over the bicubically enlarged LR image, whose parts are components of the registry.

    Head conv3x3 (of the image pixel-unshuffled by `patch`); `levels` down stages (pixel-unshuffle, conv3x3, residual
    attention blocks); a bottleneck; as many up stages (upsampler, blocks); tail conv3x3 (pixel-shuffled by `patch`).
    With a fusion, the prior steers the head's features or every encoder stage; with a retention, every decoder stage
    gets the encoder's features back. KDFSRNet is this skeleton as it is.

    Shapes: lr (B,3,h,w) -> sr (B,3,scale*h,scale*w), sides multiples of `size_multiple`; features: the 2 * levels + 1
        stage outputs (B,width,...). A misfit raises ShapeError; a missing prior PriorsrError.
    Range: RGB in [0, 1] up to overshoot; not clamped.
    Source: KDFSRNet (TCSVT 2022) for the stages. Departures: the parts, `patch`, `global_residual`, unequal depths.
    """

    kind = "model"
    Config: type = EncoderDecoderConfig

    def __init__(self, config: EncoderDecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.scale = config.scale
        self.prior = "required" if config.fusion is not None else "none"
        coarsest = config.patch * 2**config.levels
        self.size_multiple = coarsest // gcd(config.scale, coarsest)
        width, levels = config.width, config.levels
        self.head = nn.Conv2d(3 * config.patch**2, width, 3, padding=1)
        self.tail = nn.Conv2d(width, 3 * config.patch**2, 3, padding=1)
        self.down = nn.ModuleList(PixelUnshuffleDownsampler(width, width) for _ in range(levels))
        self.up = nn.ModuleList(
            build_part("upsampler", config.upsampler, in_channels=width, out_channels=width, scale=2)
            for _ in range(levels)
        )
        self.stages = nn.ModuleList(
            nn.Sequential(*(ResidualAttentionBlock(width, attention=config.attention) for _ in range(depth)))
            for depth in config.depths
        )
        self.retention = nn.ModuleList(
            build_part("retention", config.retention, channels=(width,) * levels, target_channels=width)
            for _ in range(levels)
        )
        self.fusion = nn.ModuleList()
        if config.fusion is not None:
            self.prior_channels = config.prior_channels or _declared_channels(config.fusion)
            self.fusion.extend(
                build_part("fusion", config.fusion, channels=width, prior_channels=self.prior_channels)
                for _ in range(1 if config.fusion_at == "input" else levels)
            )

        if config.global_residual:
            self._start_as_the_enlargement()

    def _start_as_the_enlargement(self) -> None:
        """Set initial weights with which a short run learns from its first step: no noise, and no fading features.

        PyTorch's own shrink features by sqrt(3) at every convolution that has neither activation nor identity.
        """
        for parameter in self.tail.parameters():
            nn.init.zeros_(parameter)
        for module in (self.head, *self.down.modules(), *self.up.modules()):
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="linear")

    def forward(self, lr: Tensor, prior: Prior | None = None, *, with_features: bool = False) -> SROutput:
        who = type(self).__name__
        check_input(self, lr, prior)
        image = enlarge(lr, self.scale).to(lr.dtype)
        steer = None
        if self.fusion:
            steer = prior_map(prior, str(self.fusion[0].prior), self.prior_channels, image, who).to(lr.dtype)
        sr, features = self.restore(image, steer)
        return SROutput(sr, features=features if with_features else ())

    def restore(self, image: Tensor, steer: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Restore an enlarged image (B,3,H,W), steered by a prior map (B,P,h,w): (sr, the stage outputs)."""
        levels, patch = self.config.levels, self.config.patch
        x = self.head(image if patch == 1 else F.pixel_unshuffle(image, patch))
        if steer is not None and self.config.fusion_at == "input":
            x = self.fusion[0](x, steer)
        encoded = []
        for level in range(levels):
            x = self.stages[level](self.down[level](x))
            if steer is not None and self.config.fusion_at == "encoder":
                x = self.fusion[level](x, steer)
            encoded.append(x)
        x = self.stages[levels](x)
        features = [*encoded, x]
        for level in range(levels):
            x = self.retention[level](self.up[level](x), encoded)
            x = self.stages[levels + 1 + level](x)
            features.append(x)
        sr = self.tail(x) if patch == 1 else F.pixel_shuffle(self.tail(x), patch)
        return (sr + image if self.config.global_residual else sr), tuple(features)


def _declared_channels(fusion: PartSpec) -> int:
    """Return the channels of the map that a fusion's declared prior implies; 0 for what is no fusion."""
    if isinstance(fusion, Part):
        fusion = fusion.name
    component = find("fusion", fusion) if isinstance(fusion, str) else fusion
    return PRIOR_CHANNELS.get(getattr(component, "prior", ""), 0)
