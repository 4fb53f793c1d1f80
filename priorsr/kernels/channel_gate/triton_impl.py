"""The gate of a residual channel attention block by kernels in Triton; README.md lists what each pass moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import triton
from torch import Tensor

from priorsr.kernels.channel_gate import kernels
from priorsr.kernels.layout import channels_innermost, empty_like, flat_pixels, strides
from priorsr.kernels.registration import LAUNCH, register_op

TILE = 4096
PROGRAMS = 1024


def _map_blocks(x: Tensor) -> dict[str, Any]:
    """TILE values, long where they lie side by side in memory: 64 bytes of bfloat16 for each thread, all in flight."""
    channels, pixels = x.shape[1], x.shape[2] * x.shape[3]
    if channels_innermost(x):
        block_c = min(triton.next_power_of_2(channels), 128)
        block_p = min(triton.next_power_of_2(pixels), TILE // block_c)
    else:
        block_p = min(triton.next_power_of_2(pixels), TILE)
        block_c = min(triton.next_power_of_2(channels), TILE // block_p)
    return {"BLOCK_C": block_c, "BLOCK_P": block_p, "num_warps": 4, **LAUNCH}


def _gate_blocks(channels: int, hidden: int) -> dict[str, Any]:
    block_r = triton.next_power_of_2(hidden)
    block_c = min(triton.next_power_of_2(channels), max(TILE // block_r, 16))
    return {"BLOCK_C": block_c, "BLOCK_R": block_r, "num_warps": 4, **LAUNCH}


def _sum_pixels(x: Tensor, y: Tensor | None) -> Tensor:
    """Sum x, or x * y, over parts of the pixels, (B,parts,C), cut so that a GPU has enough programs."""
    batch, channels, height, width = x.shape
    pixels, blocks = height * width, _map_blocks(x)
    c_blocks, p_blocks = triton.cdiv(channels, blocks["BLOCK_C"]), triton.cdiv(pixels, blocks["BLOCK_P"])
    steps = min(p_blocks, max(1, batch * c_blocks * p_blocks // PROGRAMS))
    parts = triton.cdiv(p_blocks, steps)
    sums = torch.empty((batch, parts, channels), dtype=torch.float32, device=x.device)
    of_y = (0, 0, 0) if y is None else strides(y)
    kernels.sums_kernel[(batch * c_blocks * parts,)](
        x, y, sums, channels, pixels, parts, steps, *strides(x), *of_y, **blocks
    )  # fmt: skip
    return sums


def _scale(x: Tensor, factors: Tensor, shifts: Tensor | None, residual: Tensor | None, y: Tensor) -> None:
    """y = factors * x + shifts + residual, with a factor and a shift for each image and channel."""
    channels, pixels = x.shape[1], x.shape[2] * x.shape[3]
    blocks = _map_blocks(y)
    grid = (x.shape[0] * triton.cdiv(channels, blocks["BLOCK_C"]) * triton.cdiv(pixels, blocks["BLOCK_P"]),)
    of_residual = (0, 0, 0) if residual is None else strides(residual)
    kernels.scale_kernel[grid](
        x, factors, shifts, residual, y, channels, pixels, *strides(x), *of_residual, *strides(y), **blocks
    )  # fmt: skip


def _forward(
    x: Tensor, residual: Tensor | None, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gated map, and in float32 the means (B,C), the hidden values (B,R) and the gate (B,C)."""
    y, means, hiddens, gates = _forward_fake(x, residual, w1, b1, w2, b2)
    if not y.numel():
        return y, means, hiddens, gates
    x = flat_pixels(x)
    batch, channels, height, width = x.shape
    hidden = w1.shape[0]
    sums = _sum_pixels(x, None)
    kernels.gate_kernel[(batch,)](
        sums, w1, b1.contiguous(), w2, b2.contiguous(), means, hiddens, gates,
        channels, hidden, height * width, sums.shape[1], w1.stride(), w2.stride(), **_gate_blocks(channels, hidden),
    )  # fmt: skip
    _scale(x, gates, None, None if residual is None else flat_pixels(residual), y)
    return y, means, hiddens, gates


def _forward_fake(
    x: Tensor, residual: Tensor | None, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    batch, channels = x.shape[:2]
    means, hiddens, gates = (
        torch.empty((batch, width), dtype=torch.float32, device=x.device) for width in (channels, w1.shape[0], channels)
    )
    return empty_like(x, x.shape), means, hiddens, gates


def _backward(
    outer: Tensor,
    x: Tensor,
    w1: Tensor,
    b1: Tensor,
    w2: Tensor,
    b2: Tensor,
    means: Tensor,
    hiddens: Tensor,
    gates: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of x, W1, b1, W2 and b2; the residual's is `outer`."""
    dx, d_w1, d_b1, d_w2, d_b2 = grads = _backward_fake(outer, x, w1, b1, w2, b2, means, hiddens, gates)
    if not x.numel():
        for grad in grads:
            grad.zero_()
        return grads
    outer, x = flat_pixels(outer), flat_pixels(x)
    batch, channels, height, width = x.shape
    hidden = w1.shape[0]
    sums = _sum_pixels(x, outer)
    d_z, d_u, shifts = torch.empty_like(means), torch.empty_like(hiddens), torch.empty_like(means)
    kernels.gate_backward_kernel[(batch,)](
        sums, w1, w2, hiddens, gates, d_z, d_u, shifts,
        channels, hidden, height * width, sums.shape[1], w1.stride(), w2.stride(), **_gate_blocks(channels, hidden),
    )  # fmt: skip
    block_b, block_c, block_r = 32, 32, 16
    kernels.weights_backward_kernel[(triton.cdiv(channels, block_c), triton.cdiv(hidden, block_r))](
        means, hiddens, d_z, d_u, d_w1, d_b1, d_w2, d_b2, batch, channels, hidden,
        BLOCK_B=block_b, BLOCK_C=block_c, BLOCK_R=block_r, num_warps=4, **LAUNCH,
    )  # fmt: skip
    _scale(outer, gates, shifts, None, dx)
    return grads


def _backward_fake(
    outer: Tensor,
    x: Tensor,
    w1: Tensor,
    b1: Tensor,
    w2: Tensor,
    b2: Tensor,
    means: Tensor,
    hiddens: Tensor,
    gates: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    d_w1, d_b1, d_w2, d_b2 = (torch.empty(w.shape, dtype=w.dtype, device=w.device) for w in (w1, b1, w2, b2))
    return empty_like(x, x.shape), d_w1, d_b1, d_w2, d_b2


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    x, _, *weights = inputs
    ctx.mark_non_differentiable(*output[1:])
    ctx.save_for_backward(x, *weights, *output[1:])


def _gradients(ctx: Any, backward: Callable[..., Any], outer: Tensor, *_: None) -> tuple[Tensor | None, ...]:
    dx, *of_weights = backward(outer, *ctx.saved_tensors)
    return dx, outer if ctx.needs_input_grad[1] else None, *of_weights


_op = register_op("channel_gate", _forward, _forward_fake, _backward, _backward_fake, save=_save, gradients=_gradients)


def channel_gate(
    x: Tensor, residual: Tensor | None, squeeze: tuple[Tensor, Tensor], excite: tuple[Tensor, Tensor]
) -> Tensor:
    """`reference.channel_gate` of checked arguments."""
    return _op(x, residual, *squeeze, *excite)[0]
