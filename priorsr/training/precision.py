"""What training computes in."""

from __future__ import annotations

from typing import Any, Literal

import torch
from accelerate.utils import convert_to_fp32
from torch import nn

from priorsr.errors import OptionError

Precision = Literal["float32", "bf16"]


def resolve_precision(precision: str, device: torch.device) -> Precision:
    """`auto` becomes bf16 where the device has instructions for it (AVX-512 BF16, AMX, GPUs since Ampere)."""
    if precision == "auto":
        return "bf16" if _has_bf16(device) else "float32"
    if precision not in ("float32", "bf16"):
        raise OptionError(f"the precision is {precision!r}; auto, float32 or bf16 was expected")
    return precision  # type: ignore[return-value]


def _has_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return device.type == "cpu" and any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


class Autocast(nn.Module):
    """A module whose forward runs in bf16 autocast and answers in float32, so that losses are float32 by themselves.

    Any other attribute is the module's own.
    """

    def __init__(self, module: nn.Module, device: torch.device) -> None:
        super().__init__()
        self.module = module
        self.training = module.training
        self._device_type = device.type

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        with torch.autocast(self._device_type, torch.bfloat16):
            answer = self.module(*args, **kwargs)
        return convert_to_fp32(answer)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("module"), name)
