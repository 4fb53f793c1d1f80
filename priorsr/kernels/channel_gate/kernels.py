"""Kernels in Triton of the gate of a residual channel attention block; which moves what is in README.md."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def sums_kernel(
    x, y, sums, channels, pixels, parts, steps, xb, xc, xp, yb, yc, yp, BLOCK_C: tl.constexpr, BLOCK_P: tl.constexpr
):  # fmt: skip
    """Sum x, or x * y unless y is None, over `steps` blocks of pixels of BLOCK_C channels of an image."""
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


@triton.jit
def scale_kernel(
    x, factors, shifts, residual, y, channels, pixels, xb, xc, xp, rb, rc, rp, yb, yc, yp,
    BLOCK_C: tl.constexpr, BLOCK_P: tl.constexpr,
):  # fmt: skip
    """y = factor * x + shift + residual at BLOCK_C channels and BLOCK_P pixels of an image; of the last two, one is."""
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


@triton.jit
def _total(sums, image, c, channels, parts, BLOCK_C: tl.constexpr):
    """Sum the parts of an image for channels c."""
    total = tl.zeros((BLOCK_C,), tl.float32)
    for part in range(parts):
        total += tl.load(sums + (image * parts + part) * channels + c, mask=c < channels, other=0.0)
    return total


@triton.jit
def _weights(w, r, c, hidden, channels, row, column):
    """W1, or W2 transposed: (BLOCK_R,BLOCK_C) in float32."""
    inside = (r < hidden)[:, None] & (c < channels)[None, :]
    return tl.load(w + r[:, None] * row + c[None, :] * column, mask=inside, other=0.0).to(tl.float32)


@triton.jit
def gate_kernel(
    sums, w1, b1, w2, b2, means, hiddens, gates, channels, hidden, pixels, parts, w1_strides, w2_strides,
    BLOCK_C: tl.constexpr, BLOCK_R: tl.constexpr,
):  # fmt: skip
    """Compute the means, the hidden values and the gate of an image."""
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


@triton.jit
def gate_backward_kernel(
    sums, w1, w2, hiddens, gates, d_z, d_u, shifts, channels, hidden, pixels, parts, w1_strides, w2_strides,
    BLOCK_C: tl.constexpr, BLOCK_R: tl.constexpr,
):  # fmt: skip
    """Compute an image's gradients before the sigmoid and the relu, and each pixel's gradient through the mean."""
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
