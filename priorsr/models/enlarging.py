"""The bicubic enlargement on which models build."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def enlarge(lr: Tensor, scale: int) -> Tensor:
    """Enlarge (B,3,h,w) by `scale`, bicubically in float32, with PIL's kernel (a = -0.5) and borders.

    PIL also rounds to 8 bits after each of its two passes. PyTorch's plain bicubic has a = -0.75.
    """
    return F.interpolate(lr.float(), scale_factor=scale, mode="bicubic", antialias=True)
