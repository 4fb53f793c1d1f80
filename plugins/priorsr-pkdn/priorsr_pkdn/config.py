"""The two networks of PKDN, each a config of the encoder-decoder skeleton. Read this file first.

The paper's code is not public. Its abstract describes a teacher with LR image and parsing map, and a student with the
LR image only. A page that quotes the paper describes an encoder of downsampling and parsing map fusion blocks, and a
decoder whose feature fusion blocks take multi-scale features of the encoder. All numbers here are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from priorsr.models import EncoderDecoderConfig
from priorsr.registry import Part, PartSpec

NANO: dict[str, Any] = {
    "width": 32,
    "depth": (0, 1, 3, 4, 4, 4, 3, 1, 0),
    "retention": "concat",
    "global_residual": True,
}
SMALL: dict[str, Any] = {
    "width": 64,
    "patch": 4,
    "levels": 2,
    "depth": (4, 4, 4, 5, 0),
    "retention": "concat",
    "global_residual": True,
}


@dataclass(frozen=True)
class PKDNConfig(EncoderDecoderConfig):
    """The student: no prior; every decoder stage receives the encoder's features of all scales.

    paper: KDFSRNet's width of 64, and 4 blocks in each of 9 stages.
    nano: half the width, and most blocks at low resolution; adds to the bicubic enlargement, for trainings of minutes;
    the `retention` that was best of three at this size.
    """

    depth: int | tuple[int, ...] = 4
    retention: PartSpec = "multi_scale"

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {}, "nano": NANO, "small": SMALL}


@dataclass(frozen=True)
class PKDNTeacherConfig(PKDNConfig):
    """The teacher: the student's network, with a parsing map fused after every encoder stage.

    paper: attention over up to 32 x 32 tokens. nano: the `fusion` that was best of four at this size.
    """

    fusion: PartSpec | None = field(default_factory=lambda: Part("parsing_attention", max_side=32))
    fusion_at: Literal["input", "encoder"] = "encoder"

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {},
        "nano": NANO | {"fusion": "concat"},
        "small": SMALL | {"fusion": "concat"},
    }
