"""The precision in which operations are computed, and the dtypes that they take."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from priorsr.errors import OptionError


def without_autocast(device: torch.device) -> AbstractContextManager[None]:
    """Return a context in which matrix products keep the precision of their arguments."""
    if device.type == "meta" or not torch.is_autocast_enabled(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def check_floating(who: str, *tensors: Tensor | None) -> None:
    """Raise OptionError for a tensor of integers or booleans, in which weights below 1 would be rounded."""
    for tensor in tensors:
        if tensor is not None and not tensor.is_floating_point():
            raise OptionError(f"{who}: a tensor has dtype {tensor.dtype}; floating-point numbers were expected")
