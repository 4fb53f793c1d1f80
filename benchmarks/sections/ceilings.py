"""Measure the best rates of the device."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F

from benchmarks.measure.context import Context
from benchmarks.measure.report import Row

SECTION = "ceilings"


def ceilings(context: Context) -> Iterator[Row]:
    """Measure a large copy, matrix products in each precision, and the networks' 3x3 convolution."""
    yield from _copy(context)
    for dtype in ("float32", "tf32", "bfloat16"):
        if dtype != "tf32" or context.device.type == "cuda":
            yield from _product(context, dtype)
    for dtype in ("float32", "bfloat16"):
        yield from _convolution(context, dtype)


def _copy(context: Context) -> Iterator[Row]:
    count = 2**16 if context.small else 2**28  # float32 numbers
    source = torch.rand(count, device=context.device)
    target = torch.empty_like(source)
    runs = {"torch": lambda: target.copy_(source)}
    for row in context.measured(runs, section=SECTION, case=f"{4 * count / 1e6:.1f} MB", what="copy"):
        yield row.model_copy(update={"least_bytes": 8 * count})


def _product(context: Context, dtype: str) -> Iterator[Row]:
    side = 128 if context.small else 8192 if dtype == "bfloat16" else 4096
    precise = torch.bfloat16 if dtype == "bfloat16" else torch.float32
    a, b = (torch.rand(side, side, device=context.device, dtype=precise) - 0.5 for _ in range(2))
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if dtype == "tf32" else "highest")
    try:
        runs = {"torch": lambda: a @ b}
        for row in context.measured(runs, section=SECTION, case=f"{side}^3", what="product", dtype=dtype):
            yield row.model_copy(update={"least_flops": 2 * side**3})
    finally:
        torch.set_float32_matmul_precision(before)


def _convolution(context: Context, dtype: str) -> Iterator[Row]:
    """64 channels at 128 px, channels_last, as in KDFSRNet's last stage."""
    batch, side = (1, 16) if context.small else (64 if context.device.type == "cuda" else 1, 128)
    precise = torch.bfloat16 if dtype == "bfloat16" else torch.float32
    x = torch.rand(batch, 64, side, side, device=context.device, dtype=precise) - 0.5
    weight = torch.rand(64, 64, 3, 3, device=context.device, dtype=precise) - 0.5
    x, weight = (tensor.to(memory_format=torch.channels_last) for tensor in (x, weight))
    case = f"64 channels, {side} px, batch {batch}"
    runs = {"torch": lambda: F.conv2d(x, weight, padding=1)}
    for row in context.measured(runs, section=SECTION, case=case, what="convolution", dtype=dtype):
        yield row.model_copy(update={"least_flops": 2 * 9 * 64 * x.numel()})
