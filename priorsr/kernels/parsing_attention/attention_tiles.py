"""Tiles of the attention kernels: their sizes, and the loads, computations and stores on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from priorsr.kernels.registration import LAUNCH

LN_2 = tl.constexpr(math.log(2))


@dataclass(frozen=True)
class Launch:
    """The tiling of a kernel: heads at once, tokens of a program, tokens of a step, warps, steps in flight."""

    heads: int
    own: int = 64
    step: int = 32
    warps: int = 4
    stages: int = 2


def launch_settings(heads: int, width: int, dtype: torch.dtype, *, backward: bool) -> Launch:
    """Return the tiling for a number of heads, the padded channels of q and v together, and the products' input dtype.

    A program takes as many heads as its registers can hold, and twice the warps if a single head is too wide: see
    README.md.
    """
    narrow = dtype != torch.float32
    room = (128 if narrow else 64) // (2 if backward else 1)
    together = max(count for count in range(1, heads + 1) if heads % count == 0 and count * width <= max(room, width))
    return Launch(together, step=32 if narrow and not backward else 16, warps=4 if width <= room else 8)


def products(dtype: torch.dtype, of_classes: torch.dtype) -> dict[str, Any]:
    """Return the dtype of the operands of matrix products, and the three-part form of float32 products on tensor cores.

    If q, k and v have half precision, three parts of bfloat16 are exact enough for the classes (to 2^-16) and need a
    quarter of the instructions. Triton's interpreter cannot multiply bfloat16.
    """
    if triton.knobs.runtime.interpret:
        return {"OPERAND": tl.float32, "P_OPERAND": tl.float32, "PRECISION": "ieee"}
    known = {torch.float16: tl.float16, torch.bfloat16: tl.bfloat16, torch.float32: tl.float32}
    parts = "tf32x3" if dtype == torch.float32 else "bf16x3"
    return {"OPERAND": known[dtype], "P_OPERAND": known[of_classes], "PRECISION": parts}


def padded(width: int) -> int:
    """Return the next power of two, at least the smallest side of a tile product."""
    return max(16, triton.next_power_of_2(width))


def launch_arguments(
    q: Tensor, k: Tensor, v: Tensor, p: Tensor, eps: float, *, backward: bool
) -> tuple[tuple[int, ...], tuple[float, ...], dict[str, Any]]:
    """Return the grid, and the arguments that all kernels share: sizes and numbers, then settings."""
    batch, heads, tokens, width = q.shape
    dtype = torch.promote_types(torch.promote_types(q.dtype, k.dtype), v.dtype)
    q_width, v_width = padded(width), padded(v.shape[3])
    launch = launch_settings(heads, q_width + v_width, dtype, backward=backward)
    groups = heads // launch.heads
    sizes = (groups, tokens, width, v.shape[3], p.shape[1], 1 / math.sqrt(width), eps)
    settings = {
        "HEADS": launch.heads,
        "OWN": launch.own,
        "STEP": launch.step,
        "Q_WIDTH": q_width,
        "V_WIDTH": v_width,
        "CLASSES": padded(p.shape[1]),
        "num_warps": launch.warps,
        "num_stages": launch.stages,
        **products(dtype, p.dtype),
        **LAUNCH,
    }
    return (triton.cdiv(tokens, launch.own) * groups * batch,), sizes, settings


@triton.jit
def load_tile(pointer, rows, row_stride, row_count, columns, column_stride, column_count):
    """Load a tile (rows, columns), with zeros outside the tensor."""
    inside = (rows[:, None] < row_count) & (columns[None, :] < column_count)
    return tl.load(pointer + rows[:, None] * row_stride + columns[None, :] * column_stride, mask=inside, other=0.0)


@triton.jit
def store_tile(pointer, tile, rows, row_stride, row_count, columns, column_stride, column_count):
    inside = (rows[:, None] < row_count) & (columns[None, :] < column_count)
    tile = tile.to(pointer.dtype.element_ty)
    tl.store(pointer + rows[:, None] * row_stride + columns[None, :] * column_stride, tile, mask=inside)


@triton.jit
def own_place(tokens, groups, OWN: tl.constexpr):
    """Return a program's first token, group of heads and image."""
    blocks = tl.cdiv(tokens, OWN)
    program = tl.program_id(0)
    return program % blocks * OWN, program // blocks % groups, (program // (blocks * groups)).to(tl.int64)


@triton.jit
def head_start(pointer, image, head, strides):
    """Return the start of a head of an image."""
    return pointer + image * strides[0] + head * strides[1]


@triton.jit
def softplus(x):
    x = x.to(tl.float32)
    return tl.maximum(x, 0.0) + tl.log2(1 + tl.exp2(-tl.abs(x) / LN_2)) * LN_2


@triton.jit
def class_agreement(own, other, eps, PRECISION: tl.constexpr):
    """Return the probability that tokens have the same class, at least eps."""
    return (1 - eps) * tl.dot(own, other, input_precision=PRECISION) + eps


@triton.jit
def base_2_logits(own, other, strength, bias, root, PRECISION: tl.constexpr):
    """Return the base-2 logits of a head's queries and keys with the bias of their classes."""
    return tl.dot(own, other, input_precision=PRECISION) * (root / LN_2) + strength * bias
