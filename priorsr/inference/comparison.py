"""Draw faces before and after, beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image
from torch import Tensor

from priorsr.viz.strips import draw_strips


def draw_comparison(lr: Sequence[Tensor], bicubic: Sequence[Tensor], results: Sequence[Tensor]) -> Image.Image:
    """Draw faces as rows: LR image (3,h,w), bicubic enlargement and result (3,sh,sw), in [0, 1]."""
    return draw_strips({"LR": lr, "bicubic": bicubic, "result": results})
