"""Parsing attention: also beside PyTorch's own attention with a stored bias, and FlexAttention; and its memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch

from benchmarks.cases.kernels import parsing_attention
from benchmarks.cases.rivals import flex, sdpa
from benchmarks.goals import memory_case
from benchmarks.measure.context import Context
from benchmarks.measure.report import Row
from benchmarks.measure.traffic import peak_memory
from benchmarks.sections.kernels import call, fused_backend, measure_kernel


def attention_section(context: Context) -> Iterator[Row]:
    """With all rivals at 4,096 tokens, and at 1,024; and memory from 1,024 to 16,384 tokens."""
    rivals = {"sdpa, stored bias": sdpa}
    if context.device.type == "cuda":  # on a CPU it has no backward pass
        rivals["flex attention"] = flex(compiled=True)
    batch, side = (2, 6) if context.small else (8, 64)
    yield from measure_kernel(context, parsing_attention(batch, side), torch.float32, rivals)
    yield from _memory(context)
    if not context.small:
        yield from measure_kernel(context, parsing_attention(batch, side), torch.bfloat16, rivals)
        yield from measure_kernel(context, parsing_attention(64, 32), torch.float32, rivals)


def _memory(context: Context) -> Iterator[Row]:
    """Measure the memory of our attention, forward and backward, for growing numbers of tokens."""
    for side in (8, 16) if context.small else (32, 64, 128):
        case = parsing_attention(1, side)
        inputs = case.inputs(context.device)

        run = call(partial(case.fused, backend=fused_backend(context.device)), inputs, backward=True)
        run()  # compiles
        yield Row(
            section=case.op,
            case=memory_case(side),
            variant="ours",
            what="forward and backward",
            peak_bytes=peak_memory(run, context.device),
        )
