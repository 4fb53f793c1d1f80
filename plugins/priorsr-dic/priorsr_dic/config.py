"""The parts of DIC. Read this file first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from priorsr.config import check_whole
from priorsr.errors import OptionError
from priorsr.registry import Part, PartSpec

NANO: dict[str, Any] = {
    "width": 32,
    "groups": 2,
    "steps": 3,
    "projection": 2,
    "fusion": Part("landmark_attentive", depth=2),
    "hourglass_width": 32,
    "zero_tail": True,
}
SMALL: dict[str, Any] = NANO | {
    "width": 48,
    "groups": 3,
    "fusion": Part("landmark_attentive", depth=1),
    "hourglass_width": 48,
}


@dataclass(frozen=True)
class DICConfig:
    """DIC's recovery branch and its landmark branch; the defaults are the paper's (21.8 M parameters).

    scale: enlargement of the LR image's sides; even, since features have twice the LR image's size.
    width: channels of every feature of the recovery branch.
    groups: pairs of up and down projection in a feedback block.
    steps: number of alternating estimates of image and landmarks.
    projection: ratio of the sides of a feedback block's HR features to those of its LR features.
    fusion: fusion of features with heatmaps: any fusion that takes heatmaps.
    landmarks: 68 (iBUG) or 194 (Helen).
    hourglass_width, hourglass_depth: channels of the hourglass's features (twice as many inside), and number of
    halvings.
    zero_tail: initialise the last convolution with zeros, so that the network starts as the enlarged image.

    nano: two thirds of the width, 2 groups instead of 6, 3 steps instead of 4, HR features of 64 px instead of 256, 2
    blocks in the fusion instead of 7, an eighth of the hourglass's width, zero_tail: for trainings of minutes.
    small: as nano, with the paper's width, 3 groups and a hourglass of 48 channels (1.87 M parameters, 3.0 GMACs at 16
    px): for trainings of hours.
    """

    scale: int = 8
    width: int = 48
    groups: int = 6
    steps: int = 4
    projection: int = 8
    fusion: PartSpec = "landmark_attentive"
    landmarks: int = 68
    hourglass_width: int = 256
    hourglass_depth: int = 4
    zero_tail: bool = False

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {}, "nano": NANO, "small": SMALL}

    def __post_init__(self) -> None:
        check_whole(self, 1, 2**16, "width", "groups", "landmarks")
        check_whole(self, 2, 64, "steps")
        check_whole(self, 1, 64, "projection", "scale")
        if self.scale % 2:
            raise OptionError(f"scale is {self.scale}; an even number was expected")
