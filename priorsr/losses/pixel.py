"""Distances between images, pixel by pixel."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from priorsr.execution.half import wide
from priorsr.shapes import check_same


def l1(sr: Tensor, hr: Tensor) -> Tensor:
    """Return the mean absolute difference of two batches of images, a scalar in float32 at least; [0, inf).

    Both have the same shape, and are never broadcast: other shapes raise ShapeError.
    """
    check_same(sr, hr, "L1", "sr and hr")
    return F.l1_loss(wide(sr), wide(hr))
