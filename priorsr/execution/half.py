"""Compute sums in float32 that half precision cannot hold."""

from __future__ import annotations

import torch
from torch import Tensor


def wide(x: Tensor) -> Tensor:
    """Return `x` in float32 if it is half precision, else as it is: a loss sums too many terms for bfloat16."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
