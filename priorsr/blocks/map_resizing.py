"""Resizing of prior maps to the size of the features that they guide."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def resize_map(prior_map: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize (B,P,h,w) to (B,P,*size): averaged when it shrinks, which keeps probabilities; bilinear otherwise."""
    h, w = prior_map.shape[-2:]
    if (h, w) == size:
        return prior_map
    if h >= size[0] and w >= size[1]:
        return F.interpolate(prior_map, size, mode="area")
    return F.interpolate(prior_map, size, mode="bilinear", align_corners=False)
