"""Kernels in Triton of attention between tokens of like classes: no N x N array in either direction; see README.md.

Each owns a block of tokens and passes over all the others. It takes several heads at once, because what the classes of
two tokens make of them, a product over the classes and a logarithm, is the same for all heads. Logits are to base 2.
"""

from __future__ import annotations

import math

import triton
import triton.language as tl

LN_2 = tl.constexpr(math.log(2))


@triton.jit
def _load(pointer, rows, row_stride, row_count, columns, column_stride, column_count):
    """Load a tile (rows, columns), with zeros outside the tensor."""
    inside = (rows[:, None] < row_count) & (columns[None, :] < column_count)
    return tl.load(pointer + rows[:, None] * row_stride + columns[None, :] * column_stride, mask=inside, other=0.0)


@triton.jit
def _store(pointer, tile, rows, row_stride, row_count, columns, column_stride, column_count):
    inside = (rows[:, None] < row_count) & (columns[None, :] < column_count)
    tile = tile.to(pointer.dtype.element_ty)
    tl.store(pointer + rows[:, None] * row_stride + columns[None, :] * column_stride, tile, mask=inside)


@triton.jit
def _place(tokens, groups, OWN: tl.constexpr):
    """Return a program's first token, group of heads and image."""
    blocks = tl.cdiv(tokens, OWN)
    program = tl.program_id(0)
    return program % blocks * OWN, program // blocks % groups, (program // (blocks * groups)).to(tl.int64)


@triton.jit
def _of(pointer, image, head, strides):
    """Return the start of a head of an image."""
    return pointer + image * strides[0] + head * strides[1]


@triton.jit
def _softplus(x):
    x = x.to(tl.float32)
    return tl.maximum(x, 0.0) + tl.log2(1 + tl.exp2(-tl.abs(x) / LN_2)) * LN_2


@triton.jit
def _agreement(own, other, eps, PRECISION: tl.constexpr):
    """Return the probability that tokens have the same class, at least eps."""
    return (1 - eps) * tl.dot(own, other, input_precision=PRECISION) + eps


@triton.jit
def _logits(own, other, strength, bias, root, PRECISION: tl.constexpr):
    """Return the base-2 logits of a head's queries and keys with the bias of their classes."""
    return tl.dot(own, other, input_precision=PRECISION) * (root / LN_2) + strength * bias


@triton.jit
def forward_kernel(
    q_ptr, k_ptr, v_ptr, p_ptr, scales_ptr, o_ptr, lse_ptr,
    q_strides, k_strides, v_strides, p_strides, o_strides,
    groups, tokens, q_width, v_width, classes, root, eps,
    HEADS: tl.constexpr, OWN: tl.constexpr, STEP: tl.constexpr, Q_WIDTH: tl.constexpr, V_WIDTH: tl.constexpr,
    CLASSES: tl.constexpr, OPERAND: tl.constexpr, P_OPERAND: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    first, group, image = _place(tokens, groups, OWN)
    i = first + tl.arange(0, OWN)
    d, e, c = tl.arange(0, Q_WIDTH), tl.arange(0, V_WIDTH), tl.arange(0, CLASSES)
    p_ptr += image * p_strides[0]
    p_i = _load(p_ptr, i, p_strides[2], tokens, c, p_strides[1], classes).to(P_OPERAND)
    q, strength, top, total, o = (), (), (), (), ()
    for h in tl.static_range(HEADS):
        head = (group * HEADS + h).to(tl.int64)
        of_head = _of(q_ptr, image, head, q_strides)
        q += (_load(of_head, i, q_strides[2], tokens, d, q_strides[3], q_width).to(OPERAND),)
        strength += (_softplus(tl.load(scales_ptr + head)),)
        top += (tl.full((OWN,), float("-inf"), tl.float32),)
        total += (tl.zeros((OWN,), tl.float32),)
        o += (tl.zeros((OWN, V_WIDTH), tl.float32),)

    for start in range(0, tokens, STEP):
        j = start + tl.arange(0, STEP)
        p_j = _load(p_ptr, c, p_strides[1], classes, j, p_strides[2], tokens).to(P_OPERAND)
        bias = tl.log2(_agreement(p_i, p_j, eps, PRECISION))  # (OWN,STEP)
        new_top, new_total, new_o = (), (), ()
        for h in tl.static_range(HEADS):
            head = (group * HEADS + h).to(tl.int64)
            of_k = _of(k_ptr, image, head, k_strides)
            of_v = _of(v_ptr, image, head, v_strides)
            k = _load(of_k, d, k_strides[3], q_width, j, k_strides[2], tokens).to(OPERAND)
            v = _load(of_v, j, v_strides[2], tokens, e, v_strides[3], v_width).to(OPERAND)
            logits = _logits(q[h], k, strength[h], bias, root, PRECISION)
            logits = tl.where(j[None, :] < tokens, logits, float("-inf"))
            highest = tl.maximum(top[h], tl.max(logits, 1))
            a = tl.exp2(logits - highest[:, None])
            shrink = tl.exp2(top[h] - highest)
            new_top += (highest,)
            new_total += (total[h] * shrink + tl.sum(a, 1),)
            new_o += (tl.dot(a.to(OPERAND), v, o[h] * shrink[:, None], input_precision=PRECISION),)
        top, total, o = new_top, new_total, new_o

    for h in tl.static_range(HEADS):
        head = (group * HEADS + h).to(tl.int64)
        of_head = _of(o_ptr, image, head, o_strides)
        _store(of_head, o[h] / total[h][:, None], i, o_strides[2], tokens, e, o_strides[3], v_width)
        row = (image * groups * HEADS + head) * tokens
        tl.store(lse_ptr + row + i, top[h] + tl.log2(total[h]), mask=i < tokens)


@triton.jit
def rows_kernel(
    q_ptr, k_ptr, v_ptr, p_ptr, scales_ptr, o_ptr, g_ptr, lse_ptr, dq_ptr, dp_ptr, dscales_ptr, delta_ptr,
    q_strides, k_strides, v_strides, p_strides, o_strides, g_strides, dq_strides,
    groups, tokens, q_width, v_width, classes, root, eps,
    HEADS: tl.constexpr, OWN: tl.constexpr, STEP: tl.constexpr, Q_WIDTH: tl.constexpr, V_WIDTH: tl.constexpr,
    CLASSES: tl.constexpr, OPERAND: tl.constexpr, P_OPERAND: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Compute dq, and the rows' part of dp and the scales; delta_i = <g_i, o_i> is stored for the other kernel."""
    first, group, image = _place(tokens, groups, OWN)
    i = first + tl.arange(0, OWN)
    d, e, c = tl.arange(0, Q_WIDTH), tl.arange(0, V_WIDTH), tl.arange(0, CLASSES)
    p_ptr += image * p_strides[0]
    p_i = _load(p_ptr, i, p_strides[2], tokens, c, p_strides[1], classes).to(P_OPERAND)
    dp = tl.zeros((OWN, CLASSES), tl.float32)
    q, g, strength, lse, delta, dq, dscale = (), (), (), (), (), (), ()
    for h in tl.static_range(HEADS):
        head = (group * HEADS + h).to(tl.int64)
        row = (image * groups * HEADS + head) * tokens
        of_q = _of(q_ptr, image, head, q_strides)
        of_g = _of(g_ptr, image, head, g_strides)
        of_o = _of(o_ptr, image, head, o_strides)
        q += (_load(of_q, i, q_strides[2], tokens, d, q_strides[3], q_width).to(OPERAND),)
        of_row = _load(of_g, i, g_strides[2], tokens, e, g_strides[3], v_width)
        o = _load(of_o, i, o_strides[2], tokens, e, o_strides[3], v_width)
        g += (of_row.to(OPERAND),)
        delta += (tl.sum(of_row.to(tl.float32) * o.to(tl.float32), 1),)
        tl.store(delta_ptr + row + i, delta[h], mask=i < tokens)
        strength += (_softplus(tl.load(scales_ptr + head)),)
        lse += (tl.load(lse_ptr + row + i, mask=i < tokens, other=0.0),)
        dq += (tl.zeros((OWN, Q_WIDTH), tl.float32),)
        dscale += (tl.zeros((OWN,), tl.float32),)

    for start in range(0, tokens, STEP):
        j = start + tl.arange(0, STEP)
        p_j = _load(p_ptr, c, p_strides[1], classes, j, p_strides[2], tokens).to(P_OPERAND)
        agreement = _agreement(p_i, p_j, eps, PRECISION)
        bias = tl.log2(agreement)
        u = tl.zeros((OWN, STEP), tl.float32)
        new_dq, new_dscale = (), ()
        for h in tl.static_range(HEADS):
            head = (group * HEADS + h).to(tl.int64)
            of_k = _of(k_ptr, image, head, k_strides)
            of_v = _of(v_ptr, image, head, v_strides)
            k = _load(of_k, d, k_strides[3], q_width, j, k_strides[2], tokens).to(OPERAND)
            v = _load(of_v, e, v_strides[3], v_width, j, v_strides[2], tokens).to(OPERAND)
            logits = _logits(q[h], k, strength[h], bias, root, PRECISION)
            a = tl.where(j[None, :] < tokens, tl.exp2(logits - lse[h][:, None]), 0.0)
            t = a * (tl.dot(g[h], v, input_precision=PRECISION) - delta[h][:, None])
            new_dq += (tl.dot(t.to(OPERAND), tl.trans(k), dq[h], input_precision=PRECISION),)
            new_dscale += (dscale[h] + tl.sum(t * bias, 1),)
            u += strength[h] * t
        dq, dscale = new_dq, new_dscale
        dp += tl.dot((1 - eps) * u / agreement, tl.trans(p_j).to(tl.float32), input_precision=PRECISION)

    for h in tl.static_range(HEADS):
        head = (group * HEADS + h).to(tl.int64)
        of_head = _of(dq_ptr, image, head, dq_strides)
        _store(of_head, dq[h] * root, i, dq_strides[2], tokens, d, dq_strides[3], q_width)
        block = (image * groups * HEADS + head) * tl.cdiv(tokens, OWN) + first // OWN
        tl.store(dscales_ptr + block, tl.sum(dscale[h], 0) * LN_2)
    dp_ptr += (image * groups + group) * classes * tokens
    _store(dp_ptr, dp, i, 1, tokens, c, tokens, classes)


@triton.jit
def columns_kernel(
    q_ptr, k_ptr, v_ptr, p_ptr, scales_ptr, g_ptr, lse_ptr, delta_ptr, dk_ptr, dv_ptr, dp_ptr,
    q_strides, k_strides, v_strides, p_strides, g_strides, dk_strides, dv_strides,
    groups, tokens, q_width, v_width, classes, root, eps,
    HEADS: tl.constexpr, OWN: tl.constexpr, STEP: tl.constexpr, Q_WIDTH: tl.constexpr, V_WIDTH: tl.constexpr,
    CLASSES: tl.constexpr, OPERAND: tl.constexpr, P_OPERAND: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Compute dk, dv and the columns' part of dp, added to the rows'; every tile is (columns, rows)."""
    first, group, image = _place(tokens, groups, OWN)
    j = first + tl.arange(0, OWN)
    d, e, c = tl.arange(0, Q_WIDTH), tl.arange(0, V_WIDTH), tl.arange(0, CLASSES)
    p_ptr += image * p_strides[0]
    p_j = _load(p_ptr, j, p_strides[2], tokens, c, p_strides[1], classes).to(P_OPERAND)
    dp = tl.zeros((OWN, CLASSES), tl.float32)
    k, v, strength, dk, dv = (), (), (), (), ()
    for h in tl.static_range(HEADS):
        head = (group * HEADS + h).to(tl.int64)
        of_k = _of(k_ptr, image, head, k_strides)
        of_v = _of(v_ptr, image, head, v_strides)
        k += (_load(of_k, j, k_strides[2], tokens, d, k_strides[3], q_width).to(OPERAND),)
        v += (_load(of_v, j, v_strides[2], tokens, e, v_strides[3], v_width).to(OPERAND),)
        strength += (_softplus(tl.load(scales_ptr + head)),)
        dk += (tl.zeros((OWN, Q_WIDTH), tl.float32),)
        dv += (tl.zeros((OWN, V_WIDTH), tl.float32),)

    for start in range(0, tokens, STEP):
        i = start + tl.arange(0, STEP)
        p_i = _load(p_ptr, c, p_strides[1], classes, i, p_strides[2], tokens).to(P_OPERAND)
        agreement = _agreement(p_j, p_i, eps, PRECISION)
        bias = tl.log2(agreement)
        u = tl.zeros((OWN, STEP), tl.float32)
        new_dk, new_dv = (), ()
        for h in tl.static_range(HEADS):
            head = (group * HEADS + h).to(tl.int64)
            row = (image * groups * HEADS + head) * tokens
            of_q = _of(q_ptr, image, head, q_strides)
            of_g = _of(g_ptr, image, head, g_strides)
            q = _load(of_q, d, q_strides[3], q_width, i, q_strides[2], tokens).to(OPERAND)
            g = _load(of_g, e, g_strides[3], v_width, i, g_strides[2], tokens).to(OPERAND)
            lse = tl.load(lse_ptr + row + i, mask=i < tokens, other=0.0)
            delta = tl.load(delta_ptr + row + i, mask=i < tokens, other=0.0)
            logits = _logits(k[h], q, strength[h], bias, root, PRECISION)
            a = tl.where(i[None, :] < tokens, tl.exp2(logits - lse[None, :]), 0.0)
            t = a * (tl.dot(v[h], g, input_precision=PRECISION) - delta[None, :])
            new_dv += (tl.dot(a.to(OPERAND), tl.trans(g), dv[h], input_precision=PRECISION),)
            new_dk += (tl.dot(t.to(OPERAND), tl.trans(q), dk[h], input_precision=PRECISION),)
            u += strength[h] * t
        dk, dv = new_dk, new_dv
        dp += tl.dot((1 - eps) * u / agreement, tl.trans(p_i).to(tl.float32), input_precision=PRECISION)

    for h in tl.static_range(HEADS):
        head = (group * HEADS + h).to(tl.int64)
        of_dk = _of(dk_ptr, image, head, dk_strides)
        of_dv = _of(dv_ptr, image, head, dv_strides)
        _store(of_dk, dk[h] * root, j, dk_strides[2], tokens, d, dk_strides[3], q_width)
        _store(of_dv, dv[h], j, dv_strides[2], tokens, e, dv_strides[3], v_width)
    dp_ptr += (image * groups + group) * classes * tokens
    dp += _load(dp_ptr, j, 1, tokens, c, tokens, classes)
    _store(dp_ptr, dp, j, 1, tokens, c, tokens, classes)
