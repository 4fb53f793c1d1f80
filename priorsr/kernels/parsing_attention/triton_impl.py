"""Triton kernels of attention between tokens of the same class; README.md has equations, memory plan and launches.

No kernel stores an N x N array. Each program owns a block of tokens and loops over all others. It computes several
heads at once, since the class bias of two tokens, a product over the classes and a logarithm, is the same for each.
Logits are to base 2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from priorsr.kernels.parsing_attention.attention_tiles import (
    LN_2,
    base_2_logits,
    class_agreement,
    head_start,
    launch_arguments,
    load_tile,
    own_place,
    softplus,
    store_tile,
)
from priorsr.kernels.registration import register_op


@triton.jit
def forward_kernel(
    q_ptr, k_ptr, v_ptr, p_ptr, scales_ptr, o_ptr, lse_ptr,
    q_strides, k_strides, v_strides, p_strides, o_strides,
    groups, tokens, q_width, v_width, classes, root, eps,
    HEADS: tl.constexpr, OWN: tl.constexpr, STEP: tl.constexpr, Q_WIDTH: tl.constexpr, V_WIDTH: tl.constexpr,
    CLASSES: tl.constexpr, OPERAND: tl.constexpr, P_OPERAND: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    # q, k: (B,H,N,D). v, o: (B,H,N,E). p: (B,classes,N). scales: (H,). lse: (B,H,N), float32.
    first, group, image = own_place(tokens, groups, OWN)
    i = first + tl.arange(0, OWN)
    d, e, c = tl.arange(0, Q_WIDTH), tl.arange(0, V_WIDTH), tl.arange(0, CLASSES)
    p_ptr += image * p_strides[0]
    p_i = load_tile(p_ptr, i, p_strides[2], tokens, c, p_strides[1], classes).to(P_OPERAND)
    q, strength, top, total, o = (), (), (), (), ()
    for h in tl.static_range(HEADS):
        head = (group * HEADS + h).to(tl.int64)
        of_head = head_start(q_ptr, image, head, q_strides)
        q += (load_tile(of_head, i, q_strides[2], tokens, d, q_strides[3], q_width).to(OPERAND),)
        strength += (softplus(tl.load(scales_ptr + head)),)
        top += (tl.full((OWN,), float("-inf"), tl.float32),)
        total += (tl.zeros((OWN,), tl.float32),)
        o += (tl.zeros((OWN, V_WIDTH), tl.float32),)

    for start in range(0, tokens, STEP):
        j = start + tl.arange(0, STEP)
        p_j = load_tile(p_ptr, c, p_strides[1], classes, j, p_strides[2], tokens).to(P_OPERAND)
        bias = tl.log2(class_agreement(p_i, p_j, eps, PRECISION))  # (OWN,STEP)
        new_top, new_total, new_o = (), (), ()
        for h in tl.static_range(HEADS):
            head = (group * HEADS + h).to(tl.int64)
            of_k = head_start(k_ptr, image, head, k_strides)
            of_v = head_start(v_ptr, image, head, v_strides)
            k = load_tile(of_k, d, k_strides[3], q_width, j, k_strides[2], tokens).to(OPERAND)
            v = load_tile(of_v, j, v_strides[2], tokens, e, v_strides[3], v_width).to(OPERAND)
            logits = base_2_logits(q[h], k, strength[h], bias, root, PRECISION)
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
        of_head = head_start(o_ptr, image, head, o_strides)
        store_tile(of_head, o[h] / total[h][:, None], i, o_strides[2], tokens, e, o_strides[3], v_width)
        row = (image * groups * HEADS + head) * tokens
        tl.store(lse_ptr + row + i, top[h] + tl.log2(total[h]), mask=i < tokens)


def _forward(q: Tensor, k: Tensor, v: Tensor, p: Tensor, scales: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Return the attended values, laid out as v, and each row's base-2 logarithm of the sum, (B,H,N) float32."""
    o, lse = _forward_fake(q, k, v, p, scales, eps)
    if not lse.numel():
        return o, lse
    grid, sizes, settings = launch_arguments(q, k, v, p, eps, backward=False)
    forward_kernel[grid](
        q, k, v, p, scales.contiguous(), o, lse,
        q.stride(), k.stride(), v.stride(), p.stride(), o.stride(), *sizes, **settings,
    )  # fmt: skip
    return o, lse


def _forward_fake(q: Tensor, k: Tensor, v: Tensor, p: Tensor, scales: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    return torch.empty_like(v), torch.empty(q.shape[:3], dtype=torch.float32, device=q.device)


@triton.jit
def rows_kernel(
    q_ptr, k_ptr, v_ptr, p_ptr, scales_ptr, o_ptr, g_ptr, lse_ptr, dq_ptr, dp_ptr, dscales_ptr, delta_ptr,
    q_strides, k_strides, v_strides, p_strides, o_strides, g_strides, dq_strides,
    groups, tokens, q_width, v_width, classes, root, eps,
    HEADS: tl.constexpr, OWN: tl.constexpr, STEP: tl.constexpr, Q_WIDTH: tl.constexpr, V_WIDTH: tl.constexpr,
    CLASSES: tl.constexpr, OPERAND: tl.constexpr, P_OPERAND: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Compute dq, the rows' share of dp and of dscales; store delta_i = <g_i, o_i> for the other kernel."""
    # q, k, dq: (B,H,N,D). v, o, g: (B,H,N,E). p: (B,classes,N). scales: (H,). lse, delta: (B,H,N), float32.
    # dp: (B,groups,classes,N). dscales: (B,H,blocks of OWN tokens). Both float32.
    first, group, image = own_place(tokens, groups, OWN)
    i = first + tl.arange(0, OWN)
    d, e, c = tl.arange(0, Q_WIDTH), tl.arange(0, V_WIDTH), tl.arange(0, CLASSES)
    p_ptr += image * p_strides[0]
    p_i = load_tile(p_ptr, i, p_strides[2], tokens, c, p_strides[1], classes).to(P_OPERAND)
    dp = tl.zeros((OWN, CLASSES), tl.float32)
    q, g, strength, lse, delta, dq, dscale = (), (), (), (), (), (), ()
    for h in tl.static_range(HEADS):
        head = (group * HEADS + h).to(tl.int64)
        row = (image * groups * HEADS + head) * tokens
        of_q = head_start(q_ptr, image, head, q_strides)
        of_g = head_start(g_ptr, image, head, g_strides)
        of_o = head_start(o_ptr, image, head, o_strides)
        q += (load_tile(of_q, i, q_strides[2], tokens, d, q_strides[3], q_width).to(OPERAND),)
        of_row = load_tile(of_g, i, g_strides[2], tokens, e, g_strides[3], v_width)
        o = load_tile(of_o, i, o_strides[2], tokens, e, o_strides[3], v_width)
        g += (of_row.to(OPERAND),)
        delta += (tl.sum(of_row.to(tl.float32) * o.to(tl.float32), 1),)
        tl.store(delta_ptr + row + i, delta[h], mask=i < tokens)
        strength += (softplus(tl.load(scales_ptr + head)),)
        lse += (tl.load(lse_ptr + row + i, mask=i < tokens, other=0.0),)
        dq += (tl.zeros((OWN, Q_WIDTH), tl.float32),)
        dscale += (tl.zeros((OWN,), tl.float32),)

    for start in range(0, tokens, STEP):
        j = start + tl.arange(0, STEP)
        p_j = load_tile(p_ptr, c, p_strides[1], classes, j, p_strides[2], tokens).to(P_OPERAND)
        agreement = class_agreement(p_i, p_j, eps, PRECISION)
        bias = tl.log2(agreement)
        u = tl.zeros((OWN, STEP), tl.float32)
        new_dq, new_dscale = (), ()
        for h in tl.static_range(HEADS):
            head = (group * HEADS + h).to(tl.int64)
            of_k = head_start(k_ptr, image, head, k_strides)
            of_v = head_start(v_ptr, image, head, v_strides)
            k = load_tile(of_k, d, k_strides[3], q_width, j, k_strides[2], tokens).to(OPERAND)
            v = load_tile(of_v, e, v_strides[3], v_width, j, v_strides[2], tokens).to(OPERAND)
            logits = base_2_logits(q[h], k, strength[h], bias, root, PRECISION)
            a = tl.where(j[None, :] < tokens, tl.exp2(logits - lse[h][:, None]), 0.0)
            t = a * (tl.dot(g[h], v, input_precision=PRECISION) - delta[h][:, None])
            new_dq += (tl.dot(t.to(OPERAND), tl.trans(k), dq[h], input_precision=PRECISION),)
            new_dscale += (dscale[h] + tl.sum(t * bias, 1),)
            u += strength[h] * t
        dq, dscale = new_dq, new_dscale
        dp += tl.dot((1 - eps) * u / agreement, tl.trans(p_j).to(tl.float32), input_precision=PRECISION)

    for h in tl.static_range(HEADS):
        head = (group * HEADS + h).to(tl.int64)
        of_head = head_start(dq_ptr, image, head, dq_strides)
        store_tile(of_head, dq[h] * root, i, dq_strides[2], tokens, d, dq_strides[3], q_width)
        block = (image * groups * HEADS + head) * tl.cdiv(tokens, OWN) + first // OWN
        tl.store(dscales_ptr + block, tl.sum(dscale[h], 0) * LN_2)
    dp_ptr += (image * groups + group) * classes * tokens
    store_tile(dp_ptr, dp, i, 1, tokens, c, tokens, classes)


@triton.jit
def columns_kernel(
    q_ptr, k_ptr, v_ptr, p_ptr, scales_ptr, g_ptr, lse_ptr, delta_ptr, dk_ptr, dv_ptr, dp_ptr,
    q_strides, k_strides, v_strides, p_strides, g_strides, dk_strides, dv_strides,
    groups, tokens, q_width, v_width, classes, root, eps,
    HEADS: tl.constexpr, OWN: tl.constexpr, STEP: tl.constexpr, Q_WIDTH: tl.constexpr, V_WIDTH: tl.constexpr,
    CLASSES: tl.constexpr, OPERAND: tl.constexpr, P_OPERAND: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Compute dk, dv and the columns' share of dp, added to the rows'; every tile is (columns, rows)."""
    # q, k, dk: (B,H,N,D). v, g, dv: (B,H,N,E). p: (B,classes,N). scales: (H,). lse, delta: (B,H,N), float32.
    # dp: (B,groups,classes,N), float32.
    first, group, image = own_place(tokens, groups, OWN)
    j = first + tl.arange(0, OWN)
    d, e, c = tl.arange(0, Q_WIDTH), tl.arange(0, V_WIDTH), tl.arange(0, CLASSES)
    p_ptr += image * p_strides[0]
    p_j = load_tile(p_ptr, j, p_strides[2], tokens, c, p_strides[1], classes).to(P_OPERAND)
    dp = tl.zeros((OWN, CLASSES), tl.float32)
    k, v, strength, dk, dv = (), (), (), (), ()
    for h in tl.static_range(HEADS):
        head = (group * HEADS + h).to(tl.int64)
        of_k = head_start(k_ptr, image, head, k_strides)
        of_v = head_start(v_ptr, image, head, v_strides)
        k += (load_tile(of_k, j, k_strides[2], tokens, d, k_strides[3], q_width).to(OPERAND),)
        v += (load_tile(of_v, j, v_strides[2], tokens, e, v_strides[3], v_width).to(OPERAND),)
        strength += (softplus(tl.load(scales_ptr + head)),)
        dk += (tl.zeros((OWN, Q_WIDTH), tl.float32),)
        dv += (tl.zeros((OWN, V_WIDTH), tl.float32),)

    for start in range(0, tokens, STEP):
        i = start + tl.arange(0, STEP)
        p_i = load_tile(p_ptr, c, p_strides[1], classes, i, p_strides[2], tokens).to(P_OPERAND)
        agreement = class_agreement(p_j, p_i, eps, PRECISION)
        bias = tl.log2(agreement)
        u = tl.zeros((OWN, STEP), tl.float32)
        new_dk, new_dv = (), ()
        for h in tl.static_range(HEADS):
            head = (group * HEADS + h).to(tl.int64)
            row = (image * groups * HEADS + head) * tokens
            of_q = head_start(q_ptr, image, head, q_strides)
            of_g = head_start(g_ptr, image, head, g_strides)
            q = load_tile(of_q, d, q_strides[3], q_width, i, q_strides[2], tokens).to(OPERAND)
            g = load_tile(of_g, e, g_strides[3], v_width, i, g_strides[2], tokens).to(OPERAND)
            lse = tl.load(lse_ptr + row + i, mask=i < tokens, other=0.0)
            delta = tl.load(delta_ptr + row + i, mask=i < tokens, other=0.0)
            logits = base_2_logits(k[h], q, strength[h], bias, root, PRECISION)
            a = tl.where(i[None, :] < tokens, tl.exp2(logits - lse[None, :]), 0.0)
            t = a * (tl.dot(v[h], g, input_precision=PRECISION) - delta[None, :])
            new_dv += (tl.dot(a.to(OPERAND), tl.trans(g), dv[h], input_precision=PRECISION),)
            new_dk += (tl.dot(t.to(OPERAND), tl.trans(q), dk[h], input_precision=PRECISION),)
            u += strength[h] * t
        dk, dv = new_dk, new_dv
        dp += tl.dot((1 - eps) * u / agreement, tl.trans(p_i).to(tl.float32), input_precision=PRECISION)

    for h in tl.static_range(HEADS):
        head = (group * HEADS + h).to(tl.int64)
        of_dk = head_start(dk_ptr, image, head, dk_strides)
        of_dv = head_start(dv_ptr, image, head, dv_strides)
        store_tile(of_dk, dk[h] * root, j, dk_strides[2], tokens, d, dk_strides[3], q_width)
        store_tile(of_dv, dv[h], j, dv_strides[2], tokens, e, dv_strides[3], v_width)
    dp_ptr += (image * groups + group) * classes * tokens
    dp += load_tile(dp_ptr, j, 1, tokens, c, tokens, classes)
    store_tile(dp_ptr, dp, j, 1, tokens, c, tokens, classes)


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
    grid, sizes, settings = launch_arguments(q, k, v, p, eps, backward=True)
    groups, blocks = heads // settings["HEADS"], triton.cdiv(tokens, settings["OWN"])
    dp_parts = lse.new_empty((batch, groups, p.shape[1], tokens))
    scale_parts = lse.new_empty((batch, heads, blocks))
    delta = torch.empty_like(lse)
    raw = scales.contiguous()
    rows_kernel[grid](
        q, k, v, p, raw, o, outer, lse, dq, dp_parts, scale_parts, delta,
        q.stride(), k.stride(), v.stride(), p.stride(), o.stride(), outer.stride(), dq.stride(), *sizes, **settings,
    )  # fmt: skip
    columns_kernel[grid](
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
    """Compute `reference.parsing_attention` of checked arguments by the kernels."""
    return _op(q, k, v, probabilities, scales, eps)[0]
