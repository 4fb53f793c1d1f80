"""The two networks of PKDN, each a config of the encoder-decoder skeleton. Read this file first.

The paper's code is not public. From its abstract come the teacher with LR image and parsing map, and the student with
the LR image alone; from a page that quotes it, an encoder of downsampling and parsing map fusion blocks, and a decoder
whose feature fusion blocks take the multi-scale features kept from the encoder. Every number here is ours.
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
    """The student: no prior; every decoder stage gets the encoder's features of all scales back.

    paper: KDFSRNet's width of 64, and 4 blocks in each of 9 stages.
    nano: half the width, and its blocks where pixels are few; adds to the bicubic enlargement, since it must learn
    within minutes; the retention that was measured to be the best of three there.
    """

    depth: int | tuple[int, ...] = 4
    retention: PartSpec = "multi_scale"

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {}, "nano": NANO, "small": SMALL}


@dataclass(frozen=True)
class PKDNTeacherConfig(PKDNConfig):
    """The teacher: the student's network, with a parsing map fused after every encoder stage.

    paper: attention over up to 32 x 32 tokens. nano: the fusion that was measured to be the best of four there.
    """

    fusion: PartSpec | None = field(default_factory=lambda: Part("parsing_attention", max_side=32))
    fusion_at: Literal["input", "encoder"] = "encoder"

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {},
        "nano": NANO | {"fusion": "concat"},
        "small": SMALL | {"fusion": "concat"},
    }
