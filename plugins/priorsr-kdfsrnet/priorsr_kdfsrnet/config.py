"""The two networks of KDFSRNet, each a config of the encoder-decoder skeleton. Read this file first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from priorsr.models import EncoderDecoderConfig
from priorsr.registry import PartSpec

NANO: dict[str, Any] = {"width": 32, "depth": (0, 1, 4, 4, 4, 4, 4, 1, 0), "global_residual": True}
SMALL: dict[str, Any] = {"width": 64, "patch": 4, "levels": 2, "depth": (4, 5, 4, 5, 0), "global_residual": True}


@dataclass(frozen=True)
class KDFSRNetConfig(EncoderDecoderConfig):
    """The student: the skeleton as it is, with 6 blocks in each of 9 stages (5.20 M parameters), and no prior.

    nano: half the width, and most blocks at low resolution; unlike the published network it adds to the bicubic
    enlargement, since it is for trainings of minutes.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {}, "nano": NANO, "small": SMALL}


@dataclass(frozen=True)
class KDFSRNetTeacherConfig(EncoderDecoderConfig):
    """The teacher: 2 blocks a stage (2.53 M parameters), and a parsing map, as a picture, beside the image."""

    depth: int | tuple[int, ...] = 2
    fusion: PartSpec | None = "parsing_picture"
    fusion_at: Literal["input", "encoder"] = "input"

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {}, "nano": NANO, "small": SMALL}
