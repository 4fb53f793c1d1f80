"""Make the LR image of a face crop that a model takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self, cast

import numpy as np
from PIL import Image
from torch import nn

from priorsr.data.reduction import KERNELS, reduce
from priorsr.errors import DataError, PriorsrError

MOST_PIXELS = 2**22  # of a result; wide networks take some gigabytes for it
LR_SIDE = 16  # of models whose card names no size
REDUCTION = "pil-bicubic"  # of models whose card names none, or one that damages the image, as `blind` does


@dataclass(frozen=True)
class ModelInput:
    """The LR images that a model takes.

    scale: how many times it enlarges. multiple: what the LR image's sides are multiples of. side: the shorter side of
    the LR images that it was trained on. reduction: the kernel that made them.
    """

    scale: int
    multiple: int = 1
    side: int = LR_SIDE
    reduction: str = REDUCTION

    @classmethod
    def of(cls, model: nn.Module) -> Self:
        """Return a model's input by its declarations and its card's `hr_size` and `reduction`.

        Raises PriorsrError for a model that requires a prior, which no picture brings along.
        """
        if getattr(model, "prior", None) == "required":
            raise PriorsrError(
                f"the model {type(model).__name__} requires a prior, which a picture does not bring along; a model "
                "without one, such as its student, was expected"
            )
        scale, multiple = cast("int", model.scale), cast("int", model.size_multiple)
        card: Any = getattr(model, "card", {})
        hr_size, reduction = card.get("hr_size"), card.get("reduction")
        side = hr_size // scale if isinstance(hr_size, int) else LR_SIDE
        side = multiple * math.ceil(max(1, side) / multiple)
        return cls(scale, multiple, side, reduction if reduction in list(KERNELS) else REDUCTION)

    def lr_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the size (height, width) of the LR image of a crop: its shorter side is `side`.

        The other one is in proportion, rounded to the nearest multiple that the model takes.
        """
        sides = [self.side * side / min(height, width) for side in (height, width)]
        rows, columns = (max(1, round(side / self.multiple)) * self.multiple for side in sides)
        return rows, columns

    def to_lr(self, image: np.ndarray, as_is: bool = False) -> np.ndarray:
        """Return the LR image (h,w,3) uint8 of a crop (H,W,3) uint8, made as in the model's training.

        The crop is brought to `scale` times the LR size (by Lanczos, as `priorsr data import --size` does), then
        reduced by the model's kernel. One that has the LR size already stays as it is, as any does with `as_is`.
        Raises DataError if the result would be too large.
        """
        height, width = image.shape[:2]
        rows, columns = (height, width) if as_is else self.lr_size(height, width)
        hr_rows, hr_columns = self.check(rows, columns)
        if (rows, columns) == (height, width):
            return image
        hr = Image.fromarray(np.ascontiguousarray(image)).resize((hr_columns, hr_rows), Image.Resampling.LANCZOS)
        return reduce(np.asarray(hr), self.scale, self.reduction)

    def check(self, height: int, width: int) -> tuple[int, int]:
        """Return the size of the result for an LR image; raises DataError if it would be too large."""
        rows, columns = height * self.scale, width * self.scale
        if rows * columns > MOST_PIXELS:
            raise DataError(
                f"the result would have {columns} x {rows} pixels; at most {MOST_PIXELS:,} pixels were expected"
            )
        return rows, columns
