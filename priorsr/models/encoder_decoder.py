"""The encoder-decoder skeleton, with four exchangeable parts."""

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
    patch: side of the pixel squares that the head unshuffles into one position, and the tail shuffles back; above 1,
    the network computes nothing at the enlarged image's full size.
    levels: number of times that the encoder halves the head's features.
    depth: residual attention blocks a stage: one number for all 2 * levels + 1 stages, or one for each, in the order
        encoder (fine to coarse), bottleneck, decoder (coarse to fine).
    scale: enlargement of the LR image's sides.
    attention, fusion, retention, upsampler: the parts, each a name, Part(name, **options) or a class.
    fusion_at: "input" fuses once, after the head at full size; "encoder" after every encoder stage.
    prior_channels: channels of the fusion's prior map; None for the default of the prior that it declares: 19 classes
    for "parsing" and "any", 68 for "heatmaps".
    global_residual: add the output to the enlarged image, so that the network starts as the enlargement; otherwise it
    predicts the whole image.
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
        """Return the number of blocks of each of the 2 * levels + 1 stages."""
        return (self.depth,) * (2 * self.levels + 1) if isinstance(self.depth, int) else self.depth


class EncoderDecoder(nn.Module):
    """An encoder-decoder on the bicubically enlarged LR image, with registered components as parts.

    Head conv3x3 (of the image pixel-unshuffled by `patch`); `levels` down stages (pixel-unshuffle, conv3x3, residual
    attention blocks); a bottleneck; as many up stages (upsampler, blocks); tail conv3x3 (pixel-shuffled by `patch`). A
    fusion combines the prior with the head's features or those of every encoder stage; a retention passes the encoder's
    features to every decoder stage. KDFSRNet is this skeleton unchanged.

    Shapes: lr (B,3,h,w) -> sr (B,3,scale*h,scale*w), sides multiples of `size_multiple`; features: the 2 * levels + 1
        stage outputs (B,width,...). Wrong shapes raise ShapeError; a missing prior PriorsrError.
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
        """Initialise for short runs: start as the enlarged image, without noise, and keep the scale of features.

        PyTorch's initialisation shrinks features by sqrt(3) in every convolution without activation or skip connection.
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
        """Restore an enlarged image (B,3,H,W), guided by a prior map (B,P,h,w): (sr, the stage outputs)."""
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
    """Return the default channels of the prior that a fusion declares; 0 if it is no fusion."""
    if isinstance(fusion, Part):
        fusion = fusion.name
    component = find("fusion", fusion) if isinstance(fusion, str) else fusion
    return PRIOR_CHANNELS.get(getattr(component, "prior", ""), 0)
