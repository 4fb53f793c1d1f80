"""The gate of a residual channel attention block by kernels in Triton; README.md lists what each pass moves.

In the comments on pointers, B are images, C channels, R hidden units, and P the pixels of an image.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from priorsr.kernels.layout import channels_innermost, empty_like, flat_pixels, strides
from priorsr.kernels.registration import LAUNCH, register_op

TILE = 4096
PROGRAMS = 1024


def _map_blocks(x: Tensor) -> dict[str, Any]:
    """Return the sides of a tile of TILE values, long along contiguous memory: 64 bytes of bfloat16 for each thread."""
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


@triton.jit
def sums_kernel(
    x, y, sums, channels, pixels, parts, steps, xb, xc, xp, yb, yc, yp, BLOCK_C: tl.constexpr, BLOCK_P: tl.constexpr
):  # fmt: skip
    """Sum x, or x * y unless y is None, over `steps` blocks of pixels of BLOCK_C channels of an image."""
    # x, y: (B,C,P), y or None. sums: (B,parts,C), float32.
    blocks = tl.cdiv(channels, BLOCK_C)
    part = tl.program_id(0) % parts
    c = (tl.program_id(0) // parts % blocks) * BLOCK_C + tl.arange(0, BLOCK_C)
    image = (tl.program_id(0) // parts // blocks).to(tl.int64)
    x += image * xb + c[:, None] * xc
    if y is not None:
        y += image * yb + c[:, None] * yc
    total = tl.zeros((BLOCK_C, BLOCK_P), tl.float32)
    for step in range(part * steps, (part + 1) * steps):
        p = step * BLOCK_P + tl.arange(0, BLOCK_P)
        inside = (c < channels)[:, None] & (p < pixels)[None, :]
        value = tl.load(x + p[None, :] * xp, mask=inside, other=0.0).to(tl.float32)
        if y is not None:
            value *= tl.load(y + p[None, :] * yp, mask=inside, other=0.0).to(tl.float32)
        total += value
    tl.store(sums + (image * parts + part) * channels + c, tl.sum(total, 1), mask=c < channels)


def _sum_pixels(x: Tensor, y: Tensor | None) -> Tensor:
    """Sum x, or x * y, over parts of the pixels, (B,parts,C); enough parts to occupy a GPU."""
    batch, channels, height, width = x.shape
    pixels, blocks = height * width, _map_blocks(x)
    c_blocks, p_blocks = triton.cdiv(channels, blocks["BLOCK_C"]), triton.cdiv(pixels, blocks["BLOCK_P"])
    steps = min(p_blocks, max(1, batch * c_blocks * p_blocks // PROGRAMS))
    parts = triton.cdiv(p_blocks, steps)
    sums = torch.empty((batch, parts, channels), dtype=torch.float32, device=x.device)
    of_y = (0, 0, 0) if y is None else strides(y)
    sums_kernel[(batch * c_blocks * parts,)](
        x, y, sums, channels, pixels, parts, steps, *strides(x), *of_y, **blocks
    )  # fmt: skip
    return sums


@triton.jit
def scale_kernel(
    x, factors, shifts, residual, y, channels, pixels, xb, xc, xp, rb, rc, rp, yb, yc, yp,
    BLOCK_C: tl.constexpr, BLOCK_P: tl.constexpr,
):  # fmt: skip
    """Store factor * x + shift, or factor * x + residual, at BLOCK_C channels and BLOCK_P pixels of an image."""
    # x, y, residual: (B,C,P), residual or None. factors, shifts: (B,C), float32, shifts or None.
    c_blocks = tl.cdiv(channels, BLOCK_C)
    p_blocks = tl.cdiv(pixels, BLOCK_P)
    c = (tl.program_id(0) % c_blocks) * BLOCK_C + tl.arange(0, BLOCK_C)
    p = (tl.program_id(0) // c_blocks % p_blocks) * BLOCK_P + tl.arange(0, BLOCK_P)
    image = (tl.program_id(0) // c_blocks // p_blocks).to(tl.int64)
    inside = (c < channels)[:, None] & (p < pixels)[None, :]
    value = tl.load(x + image * xb + c[:, None] * xc + p[None, :] * xp, mask=inside, other=0.0).to(tl.float32)
    value *= tl.load(factors + image * channels + c, mask=c < channels, other=0.0)[:, None]
    if shifts is not None:
        value += tl.load(shifts + image * channels + c, mask=c < channels, other=0.0)[:, None]
    if residual is not None:
        residual += image * rb + c[:, None] * rc + p[None, :] * rp
        value += tl.load(residual, mask=inside, other=0.0).to(tl.float32)
    y += image * yb + c[:, None] * yc + p[None, :] * yp
    tl.store(y, value.to(y.dtype.element_ty), mask=inside)


def _scale(x: Tensor, factors: Tensor, shifts: Tensor | None, residual: Tensor | None, y: Tensor) -> None:
    """Store factors * x + shifts + residual in y, with one factor and one shift for each image and channel."""
    channels, pixels = x.shape[1], x.shape[2] * x.shape[3]
    blocks = _map_blocks(y)
    grid = (x.shape[0] * triton.cdiv(channels, blocks["BLOCK_C"]) * triton.cdiv(pixels, blocks["BLOCK_P"]),)
    of_residual = (0, 0, 0) if residual is None else strides(residual)
    scale_kernel[grid](
        x, factors, shifts, residual, y, channels, pixels, *strides(x), *of_residual, *strides(y), **blocks
    )  # fmt: skip


@triton.jit
def _total(sums, image, c, channels, parts, BLOCK_C: tl.constexpr):
    """Sum the parts of an image for channels c."""
    # sums: (B,parts,C), float32.
    total = tl.zeros((BLOCK_C,), tl.float32)
    for part in range(parts):
        total += tl.load(sums + (image * parts + part) * channels + c, mask=c < channels, other=0.0)
    return total


@triton.jit
def _weights(w, r, c, hidden, channels, row, column):
    """Load a tile (BLOCK_R,BLOCK_C) of W1, or of W2 transposed, in float32."""
    # w: W1 (R,C), or W2 (C,R) with the strides exchanged.
    inside = (r < hidden)[:, None] & (c < channels)[None, :]
    return tl.load(w + r[:, None] * row + c[None, :] * column, mask=inside, other=0.0).to(tl.float32)


@triton.jit
def gate_kernel(
    sums, w1, b1, w2, b2, means, hiddens, gates, channels, hidden, pixels, parts, w1_strides, w2_strides,
    BLOCK_C: tl.constexpr, BLOCK_R: tl.constexpr,
):  # fmt: skip
    """Compute the means, the hidden values and the gate of an image."""
    # sums: (B,parts,C). w1: (R,C), b1: (R,), w2: (C,R), b2: (C,). means, gates: (B,C), hiddens: (B,R), float32.
    image = tl.program_id(0).to(tl.int64)
    r = tl.arange(0, BLOCK_R)
    h = tl.load(b1 + r, mask=r < hidden, other=0.0).to(tl.float32)
    for start in range(0, channels, BLOCK_C):
        c = start + tl.arange(0, BLOCK_C)
        mean = _total(sums, image, c, channels, parts, BLOCK_C) / pixels
        tl.store(means + image * channels + c, mean, mask=c < channels)
        h += tl.sum(_weights(w1, r, c, hidden, channels, w1_strides[0], w1_strides[1]) * mean[None, :], 1)
    h = tl.where(h < 0, 0.0, h)  # NaN stays, as with relu
    tl.store(hiddens + image * hidden + r, h, mask=r < hidden)
    for start in range(0, channels, BLOCK_C):
        c = start + tl.arange(0, BLOCK_C)
        z = tl.sum(_weights(w2, r, c, hidden, channels, w2_strides[1], w2_strides[0]) * h[:, None], 0)
        z += tl.load(b2 + c, mask=c < channels, other=0.0).to(tl.float32)
        tl.store(gates + image * channels + c, tl.sigmoid(z), mask=c < channels)


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
    gate_kernel[(batch,)](
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


@triton.jit
def gate_backward_kernel(
    sums, w1, w2, hiddens, gates, d_z, d_u, shifts, channels, hidden, pixels, parts, w1_strides, w2_strides,
    BLOCK_C: tl.constexpr, BLOCK_R: tl.constexpr,
):  # fmt: skip
    """Compute an image's gradients before the sigmoid and the relu, and each pixel's gradient through the mean."""
    # sums: (B,parts,C), of x * outer. w1: (R,C), w2: (C,R). hiddens, d_u: (B,R), gates, d_z, shifts: (B,C), float32.
    image = tl.program_id(0).to(tl.int64)
    r = tl.arange(0, BLOCK_R)
    dh = tl.zeros((BLOCK_R,), tl.float32)
    for start in range(0, channels, BLOCK_C):
        c = start + tl.arange(0, BLOCK_C)
        gate = tl.load(gates + image * channels + c, mask=c < channels, other=0.0)
        dz = _total(sums, image, c, channels, parts, BLOCK_C) * gate * (1 - gate)
        tl.store(d_z + image * channels + c, dz, mask=c < channels)
        dh += tl.sum(_weights(w2, r, c, hidden, channels, w2_strides[1], w2_strides[0]) * dz[None, :], 1)
    du = tl.where(tl.load(hiddens + image * hidden + r, mask=r < hidden, other=0.0) > 0, dh, 0.0)
    tl.store(d_u + image * hidden + r, du, mask=r < hidden)
    for start in range(0, channels, BLOCK_C):
        c = start + tl.arange(0, BLOCK_C)
        dm = tl.sum(_weights(w1, r, c, hidden, channels, w1_strides[0], w1_strides[1]) * du[:, None], 0)
        tl.store(shifts + image * channels + c, dm / pixels, mask=c < channels)


@triton.jit
def weights_backward_kernel(
    means, hiddens, d_z, d_u, d_w1, d_b1, d_w2, d_b2, images, channels, hidden,
    BLOCK_B: tl.constexpr, BLOCK_C: tl.constexpr, BLOCK_R: tl.constexpr,
):  # fmt: skip
    """Sum over images the gradients of BLOCK_C columns of W1 and rows of W2, and of the biases."""
    # means, d_z: (B,C), hiddens, d_u: (B,R), float32. d_w1: (R,C), d_b1: (R,), d_w2: (C,R), d_b2: (C,).
    c = tl.program_id(0) * BLOCK_C + tl.arange(0, BLOCK_C)
    r = tl.program_id(1) * BLOCK_R + tl.arange(0, BLOCK_R)
    dw1, dw2 = tl.zeros((BLOCK_R, BLOCK_C), tl.float32), tl.zeros((BLOCK_R, BLOCK_C), tl.float32)
    db1, db2 = tl.zeros((BLOCK_R,), tl.float32), tl.zeros((BLOCK_C,), tl.float32)
    for start in range(0, images, BLOCK_B):
        b = (start + tl.arange(0, BLOCK_B))[:, None]
        at_c = (b < images) & (c < channels)[None, :]
        at_r = (b < images) & (r < hidden)[None, :]
        mean = tl.load(means + b * channels + c[None, :], mask=at_c, other=0.0)
        dz = tl.load(d_z + b * channels + c[None, :], mask=at_c, other=0.0)
        h = tl.load(hiddens + b * hidden + r[None, :], mask=at_r, other=0.0)
        du = tl.load(d_u + b * hidden + r[None, :], mask=at_r, other=0.0)
        dw1 += tl.dot(tl.trans(du), mean, input_precision="tf32x3")
        dw2 += tl.dot(tl.trans(h), dz, input_precision="tf32x3")
        db1 += tl.sum(du, 0)
        db2 += tl.sum(dz, 0)
    inside = (r < hidden)[:, None] & (c < channels)[None, :]
    tl.store(d_w1 + r[:, None] * channels + c[None, :], dw1.to(d_w1.dtype.element_ty), mask=inside)
    tl.store(d_w2 + c[None, :] * hidden + r[:, None], dw2.to(d_w2.dtype.element_ty), mask=inside)
    if tl.program_id(0) == 0:
        tl.store(d_b1 + r, db1.to(d_b1.dtype.element_ty), mask=r < hidden)
    if tl.program_id(1) == 0:
        tl.store(d_b2 + c, db2.to(d_b2.dtype.element_ty), mask=c < channels)


def _backward(
    outer: Tensor, x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor,
    means: Tensor, hiddens: Tensor, gates: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
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
    gate_backward_kernel[(batch,)](
        sums, w1, w2, hiddens, gates, d_z, d_u, shifts,
        channels, hidden, height * width, sums.shape[1], w1.stride(), w2.stride(), **_gate_blocks(channels, hidden),
    )  # fmt: skip
    block_b, block_c, block_r = 32, 32, 16
    weights_backward_kernel[(triton.cdiv(channels, block_c), triton.cdiv(hidden, block_r))](
        means, hiddens, d_z, d_u, d_w1, d_b1, d_w2, d_b2, batch, channels, hidden,
        BLOCK_B=block_b, BLOCK_C=block_c, BLOCK_R=block_r, num_warps=4, **LAUNCH,
    )  # fmt: skip
    _scale(outer, gates, shifts, None, dx)
    return grads


def _backward_fake(
    outer: Tensor, x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor,
    means: Tensor, hiddens: Tensor, gates: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
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
    """Compute `reference.channel_gate` of checked arguments by the kernels."""
    return _op(x, residual, *squeeze, *excite)[0]
