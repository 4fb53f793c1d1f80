"""The precision of training."""

from __future__ import annotations

from typing import Any, Literal

import torch
from accelerate.utils import convert_to_fp32
from torch import nn

from priorsr.errors import OptionError
from priorsr.execution.half import bf16_obstacle

Precision = Literal["float32", "bf16"]


def resolve_precision(precision: str, device: torch.device) -> Precision:
    """Resolve `auto` to bf16 where the device has instructions for it (AVX-512 BF16, AMX, GPUs since Ampere)."""
    if precision == "auto":
        return "float32" if bf16_obstacle(device) else "bf16"
    if precision not in ("float32", "bf16"):
        raise OptionError(f"the precision is {precision!r}; auto, float32 or bf16 was expected")
    return precision  # type: ignore[return-value]


class Autocast(nn.Module):
    """A module whose forward runs in bf16 autocast and returns float32, so that losses are computed in float32.

    All other attributes are those of the wrapped module.
    """

    def __init__(self, module: nn.Module, device: torch.device) -> None:
        super().__init__()
        self.module = module
        self.training = module.training
        self._device_type = device.type

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        with torch.autocast(self._device_type, torch.bfloat16):
            result = self.module(*args, **kwargs)
        return convert_to_fp32(result)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("module"), name)
