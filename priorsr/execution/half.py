"""Sum in float32 what half precision cannot hold, and find the devices that have instructions for bf16."""

from __future__ import annotations

import torch
from torch import Tensor


def wide(x: Tensor) -> Tensor:
    """Return `x` in float32 if it is half precision, else as it is: a loss sums too many terms for bfloat16."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def bf16_obstacle(device: torch.device) -> str | None:
    """Return why bf16 is not fast on a device, as the end of a sentence.

    None on GPUs since Ampere, and on CPUs with AVX-512 BF16 or AMX.
    """
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        capabilities = torch.cpu.get_capabilities() if device.type == "cpu" else {}
        fast = any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
    return None if fast else f"{device} has no instructions for bf16"
