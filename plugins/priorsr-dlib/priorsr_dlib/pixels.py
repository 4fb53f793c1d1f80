"""Conversion of images to dlib's form."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from priorsr.errors import PriorsrError
from priorsr.metrics import to_8bit


def to_arrays(images: Tensor, who: str) -> list[np.ndarray]:
    """Return images (B,3,H,W) in [0, 1] as 8-bit arrays (H,W,3); raises PriorsrError for integers, NaN and infinity."""
    if not images.is_floating_point():
        raise PriorsrError(f"{who}: the images are {images.dtype}; floating point in [0, 1] was expected")
    broken = ~images.isfinite().flatten(1).all(1)
    if broken.any():
        first = int(broken.nonzero()[0, 0])
        raise PriorsrError(
            f"{who}: image {first} of the batch of {len(images)} holds NaN or infinity; finite values were expected"
        )
    return list(np.ascontiguousarray(to_8bit(images).permute(0, 2, 3, 1).cpu().numpy()))
