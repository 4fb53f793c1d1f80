"""Calls that launch every kernel at least once, in each memory format: what `kernel_resources.py` compiles.

A new operation needs a function of its name here, and `python tests/kernels/kernel_resources.py --write`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from priorsr.kernels import LANDMARK_GROUPS
from priorsr.kernels.channel_gate import triton_impl as gate
from priorsr.kernels.dispatch import operations
from priorsr.kernels.landmark_fusion import triton_impl as fusion
from priorsr.kernels.landmark_heatmap import drawn_heatmaps, heatmap_errors
from priorsr.kernels.parsing_attention import triton_impl as attention

GROUPS = tuple(LANDMARK_GROUPS[68].values())
BOTH = (torch.contiguous_format, torch.channels_last)


def differentiate(*outputs: Tensor) -> None:
    """Forward is done; launch what is behind it, given gradients as dense as in use."""
    torch.autograd.backward(outputs, [torch.ones_like(output) for output in outputs])


def drawn(*shape: int, dtype: torch.dtype = torch.float32, layout: torch.memory_format = BOTH[0]) -> Tensor:
    """A tensor that needs a gradient."""
    return torch.rand(*shape).to(dtype=dtype, memory_format=layout).requires_grad_()


def landmark_fusion() -> None:
    for layout, dtype in zip(BOTH, (torch.float32, torch.bfloat16), strict=True):
        features, heatmaps = drawn(2, 240, 64, 64, dtype=dtype, layout=layout), drawn(2, 68, 64, 64, layout=layout)
        differentiate(fusion.landmark_fusion(features, heatmaps, GROUPS, 0.05))


def landmark_heatmap() -> None:
    landmarks, valid = drawn(2, 68, 2), torch.ones(2, 68, dtype=torch.bool)
    differentiate(drawn_heatmaps.landmark_heatmap_max(landmarks, valid, (128, 128), 1.0, 2.0))
    for layout in BOTH:
        predictions = drawn(2, 68, 128, 128, layout=layout)
        differentiate(predictions * drawn_heatmaps.landmark_heatmap(landmarks, valid, (128, 128), 1.0, 2.0))
        differentiate(heatmap_errors.landmark_heatmap_mse(predictions, landmarks, valid, 1.0, 2.0, 0.0))


def parsing_attention() -> None:
    for dtype, width in ((torch.float32, 16), (torch.bfloat16, 16), (torch.float32, 32)):
        q, k, v = (drawn(2, 4, 1024, width, dtype=dtype) for _ in range(3))
        differentiate(attention.parsing_attention(q, k, v, drawn(2, 19, 1024), drawn(4), 0.01))


def channel_gate() -> None:
    for layout, dtype in zip(BOTH, (torch.float32, torch.bfloat16), strict=True):
        x, residual = (drawn(2, 64, 128, 128, dtype=dtype, layout=layout) for _ in range(2))
        weights = (drawn(4, 64), drawn(4)), (drawn(64, 4), drawn(64))
        differentiate(gate.channel_gate(x, residual, *weights))


LAUNCHES: dict[str, Callable[[], None]] = {op: globals()[op] for op in operations()}
