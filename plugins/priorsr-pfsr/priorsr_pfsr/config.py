"""The networks of PFSR: the progressive skeleton, and the discriminator that grows with it. Read this file first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from priorsr.errors import OptionError
from priorsr.models import ProgressiveConfig
from priorsr.registry import Part

NANO: dict[str, Any] = {
    "widths": (96, 64, 48, 32),
    "depth": (4, 2, 1),
    "upsampler": Part("transposed", bilinear=True),
    "global_residual": True,
}
SMALL: dict[str, Any] = NANO | {"widths": (112, 64, 32, 24), "depth": (6, 3, 1)}


@dataclass(frozen=True)
class PFSRConfig(ProgressiveConfig):
    """The generator: the skeleton as it is, with one residual block a step (8.97 M parameters).

    nano: narrow, with more blocks at low resolution; unlike the published network it adds to the bicubic enlargement,
    and initialises transposed convolutions as bilinear, since it is for trainings of minutes.
    small: as nano, wider and deeper at the LR image's size, narrower above it (1.76 M parameters).
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {}, "nano": NANO, "small": SMALL}


@dataclass(frozen=True)
class DiscriminatorConfig:
    """The discriminator (8.07 M parameters as published).

    widths: as the generator's: channels at the LR image's size, then at each step's, where that step's image enters;
    the last width belongs to the largest image.
    hidden: width of the linear layer before the last.
    """

    widths: tuple[int, ...] = (512, 256, 128, 64)
    hidden: int = 2048

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or min(self.widths) < 1:
            raise OptionError(f"the discriminator's widths are {self.widths}; 2 numbers or more, from 1, were expected")
        if self.hidden < 1:
            raise OptionError(f"the discriminator's hidden is {self.hidden}; 1 or more was expected")
