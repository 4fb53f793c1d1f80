"""The fused operations at the shapes of the four systems: `python -m pytest benchmarks/test_kernels.py`.

Plain and ours; on a GPU also the plain form compiled. The references are what runs on a CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch

from benchmarks.cases.kernels import KernelCase, kernel_cases
from benchmarks.sections.kernels import call, compiled, fused_backend

LEAST_BYTES, LEAST_FLOPS = 600e6, 30e9  # what a call may have to move and do where there is no GPU

CASES = tuple(kernel_cases())


@pytest.mark.parametrize("variant", ["plain", "ours", "torch.compile"])
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_kernel(
    case: KernelCase, backward: bool, variant: str, device: torch.device, bench: Callable[..., None]
) -> None:
    floor = case.floors.of(backward=True)
    if device.type == "cpu" and (floor.bytes > LEAST_BYTES or floor.flops > LEAST_FLOPS):
        pytest.skip("too large to be quick on a CPU")
    if variant == "torch.compile" and device.type == "cpu":
        pytest.skip("compiled on a GPU only, since it takes longer than all else here")
    if variant == "torch.compile":
        torch._dynamo.reset()
        op = compiled(case.plain, small=False)
    else:
        op = case.plain if variant == "plain" else partial(case.fused, backend=fused_backend(device))
    run = call(op, case.inputs(device), backward=backward)
    bench(run, group=f"{case.name}, {'forward and backward' if backward else 'forward'}", variant=variant)
