"""Attention between tokens of like classes by kernels in Triton; equations, memory plan and launches in README.md."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from priorsr.kernels.parsing_attention import kernels
from priorsr.kernels.registration import LAUNCH, register_op


@dataclass(frozen=True)
class Launch:
    """The tiling of a kernel: heads at once, tokens that a program owns, tokens a step, warps, steps in flight."""

    heads: int
    own: int = 64
    step: int = 32
    warps: int = 4
    stages: int = 2


def launch_settings(heads: int, width: int, dtype: torch.dtype, *, backward: bool) -> Launch:
    """Return the launch for a number of heads, the padded channels of q and v together, and the products' input type.

    A program takes as many heads as leave its accumulators and operands in registers, and twice the warps where one
    head is too wide for that: see README.md.
    """
    narrow = dtype != torch.float32
    room = (128 if narrow else 64) // (2 if backward else 1)
    together = max(count for count in range(1, heads + 1) if heads % count == 0 and count * width <= max(room, width))
    return Launch(together, step=32 if narrow and not backward else 16, warps=4 if width <= room else 8)


def _products(dtype: torch.dtype, of_classes: torch.dtype) -> dict[str, Any]:
    """Return the dtype that matrix products take, and how float32 is multiplied on tensor cores, in three parts.

    Where q, k and v are of half precision, parts of bfloat16 are exact enough for the classes, to 2^-16, and need a
    quarter of the instructions. The interpreter multiplies no bfloat16.
    """
    if triton.knobs.runtime.interpret:
        return {"OPERAND": tl.float32, "P_OPERAND": tl.float32, "PRECISION": "ieee"}
    known = {torch.float16: tl.float16, torch.bfloat16: tl.bfloat16, torch.float32: tl.float32}
    parts = "tf32x3" if dtype == torch.float32 else "bf16x3"
    return {"OPERAND": known[dtype], "P_OPERAND": known[of_classes], "PRECISION": parts}


def _padded(width: int) -> int:
    """Return a power of two, and at least what a product of tiles needs."""
    return max(16, triton.next_power_of_2(width))


def _arguments(
    q: Tensor, k: Tensor, v: Tensor, p: Tensor, eps: float, *, backward: bool
) -> tuple[tuple[int, ...], tuple[float, ...], dict[str, Any]]:
    """Return the grid, and what all kernels take: sizes and numbers, then settings."""
    batch, heads, tokens, width = q.shape
    dtype = torch.promote_types(torch.promote_types(q.dtype, k.dtype), v.dtype)
    q_width, v_width = _padded(width), _padded(v.shape[3])
    launch = launch_settings(heads, q_width + v_width, dtype, backward=backward)
    groups = heads // launch.heads
    sizes = (groups, tokens, width, v.shape[3], p.shape[1], 1 / math.sqrt(width), eps)
    settings = {
        "HEADS": launch.heads,
        "OWN": launch.own,
        "STEP": launch.step,
        "Q_WIDTH": q_width,
        "V_WIDTH": v_width,
        "CLASSES": _padded(p.shape[1]),
        "num_warps": launch.warps,
        "num_stages": launch.stages,
        **_products(dtype, p.dtype),
        **LAUNCH,
    }
    return (triton.cdiv(tokens, launch.own) * groups * batch,), sizes, settings


def _forward(q: Tensor, k: Tensor, v: Tensor, p: Tensor, scales: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Return the attended values, laid out as v, and each row's base-2 logarithm of the sum, (B,H,N) float32."""
    o, lse = _forward_fake(q, k, v, p, scales, eps)
    if not lse.numel():
        return o, lse
    grid, sizes, settings = _arguments(q, k, v, p, eps, backward=False)
    kernels.forward_kernel[grid](
        q, k, v, p, scales.contiguous(), o, lse,
        q.stride(), k.stride(), v.stride(), p.stride(), o.stride(), *sizes, **settings,
    )  # fmt: skip
    return o, lse


def _forward_fake(q: Tensor, k: Tensor, v: Tensor, p: Tensor, scales: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    return torch.empty_like(v), torch.empty(q.shape[:3], dtype=torch.float32, device=q.device)


def _backward(
    outer: Tensor, q: Tensor, k: Tensor, v: Tensor, p: Tensor, scales: Tensor, o: Tensor, lse: Tensor, eps: float
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of q, k, v, the probabilities and the scales."""
    dq, dk, dv, dp, d_scales = grads = _backward_fake(outer, q, k, v, p, scales, o, lse, eps)
    if not lse.numel():
        for grad in grads:
            grad.zero_()
        return grads
    batch, heads, tokens, _ = q.shape
    grid, sizes, settings = _arguments(q, k, v, p, eps, backward=True)
    groups, blocks = heads // settings["HEADS"], triton.cdiv(tokens, settings["OWN"])
    dp_parts = lse.new_empty((batch, groups, p.shape[1], tokens))
    scale_parts = lse.new_empty((batch, heads, blocks))
    delta = torch.empty_like(lse)
    raw = scales.contiguous()
    kernels.rows_kernel[grid](
        q, k, v, p, raw, o, outer, lse, dq, dp_parts, scale_parts, delta,
        q.stride(), k.stride(), v.stride(), p.stride(), o.stride(), outer.stride(), dq.stride(), *sizes, **settings,
    )  # fmt: skip
    kernels.columns_kernel[grid](
        q, k, v, p, raw, outer, lse, delta, dk, dv, dp_parts,
        q.stride(), k.stride(), v.stride(), p.stride(), outer.stride(), dk.stride(), dv.stride(), *sizes, **settings,
    )  # fmt: skip
    dp.copy_(dp_parts.sum(1))
    d_scales.copy_(scale_parts.sum((0, 2)) * scales.float().sigmoid())
    return grads


def _backward_fake(
    outer: Tensor, q: Tensor, k: Tensor, v: Tensor, p: Tensor, scales: Tensor, o: Tensor, lse: Tensor, eps: float
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    dq, dk, dv, dp, d_scales = (torch.empty_like(tensor) for tensor in (q, k, v, p, scales))
    return dq, dk, dv, dp, d_scales


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    *tensors, ctx.eps = inputs
    ctx.mark_non_differentiable(output[1])
    ctx.save_for_backward(*tensors, *output)


def _gradients(ctx: Any, backward: Callable[..., Any], outer: Tensor, _: None) -> tuple[Tensor | None, ...]:
    return *backward(outer, *ctx.saved_tensors, ctx.eps), None


_op = register_op(
    "parsing_attention", _forward, _forward_fake, _backward, _backward_fake, save=_save, gradients=_gradients
)


def parsing_attention(q: Tensor, k: Tensor, v: Tensor, probabilities: Tensor, scales: Tensor, eps: float) -> Tensor:
    """`reference.parsing_attention` of checked arguments."""
    return _op(q, k, v, probabilities, scales, eps)[0]
