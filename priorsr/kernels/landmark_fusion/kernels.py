"""Kernels in Triton that fuse features by facial component; which moves what is in README.md."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def peaks_kernel(maps, peaks, ties, landmarks, pixels, sb, sl, sp, BLOCK_L: tl.constexpr, BLOCK_P: tl.constexpr):
    """Find the maximum of BLOCK_L maps of an image, and the number of pixels that reach it."""
    blocks = tl.cdiv(landmarks, BLOCK_L)
    image = (tl.program_id(0) // blocks).to(tl.int64)
    n = (tl.program_id(0) % blocks) * BLOCK_L + tl.arange(0, BLOCK_L)
    peak = tl.full((BLOCK_L,), float("-inf"), tl.float32)
    count = tl.zeros((BLOCK_L,), tl.float32)
    spoilt = tl.zeros((BLOCK_L,), tl.int32)
    for start in range(0, pixels, BLOCK_P):
        p = start + tl.arange(0, BLOCK_P)
        inside = (n < landmarks)[:, None] & (p < pixels)[None, :]
        m = tl.load(maps + image * sb + n[:, None] * sl + p[None, :] * sp, mask=inside, other=float("-inf"))
        m = m.to(tl.float32)  # (BLOCK_L, BLOCK_P)
        spoilt += tl.sum((m != m).to(tl.int32), 1)
        top = tl.max(m, 1)
        reached = tl.sum(((m == top[:, None]) & inside).to(tl.float32), 1)
        highest = tl.maximum(peak, top)
        count = tl.where(peak == highest, count, 0.0) + tl.where(top == highest, reached, 0.0)
        peak = highest
    peak = tl.where(spoilt > 0, float("nan"), peak)  # tl.max passes over them, amax does not
    tl.store(peaks + image * landmarks + n, peak, mask=n < landmarks)
    tl.store(ties + image * landmarks + n, count, mask=n < landmarks)


@triton.jit
def logits_kernel(
    maps, peaks, members, starts, logits, floor, landmarks, groups, pixels, sb, sl, sp,
    BLOCK_L: tl.constexpr, BLOCK_P: tl.constexpr,
):  # fmt: skip
    """Sum each component's landmark maps, each divided by its maximum, at BLOCK_P pixels of an image."""
    blocks = tl.cdiv(pixels, BLOCK_P)
    image = (tl.program_id(0) // blocks).to(tl.int64)
    p = (tl.program_id(0) % blocks) * BLOCK_P + tl.arange(0, BLOCK_P)
    for g in range(groups):
        first = tl.load(starts + g)
        last = tl.load(starts + g + 1)
        total = tl.zeros((BLOCK_P,), tl.float32)
        for slot in range(first, last, BLOCK_L):
            slots = slot + tl.arange(0, BLOCK_L)
            n = tl.load(members + slots, mask=slots < last, other=0)
            peak = tl.load(peaks + image * landmarks + n)
            divisor = tl.maximum(peak, floor, propagate_nan=tl.PropagateNan.ALL)
            inside = (slots < last)[:, None] & (p < pixels)[None, :]
            m = tl.load(maps + image * sb + n[:, None] * sl + p[None, :] * sp, mask=inside, other=0.0)
            total += tl.sum(m.to(tl.float32) / divisor[:, None], 0)
        tl.store(logits + (image * groups + g) * pixels + p, total, mask=p < pixels)


@triton.jit
def _softmax_parts(logits, groups, sg, valid, BLOCK_P: tl.constexpr):
    """Return the maximum over the components, and the sum of the exponentials below it, (BLOCK_P,) each."""
    top = tl.full((BLOCK_P,), float("-inf"), tl.float32)
    for g in range(groups):
        top = tl.maximum(top, tl.load(logits + g * sg, mask=valid, other=0.0).to(tl.float32))
    total = tl.zeros((BLOCK_P,), tl.float32)
    for g in range(groups):
        total += tl.exp(tl.load(logits + g * sg, mask=valid, other=0.0).to(tl.float32) - top)
    return top, total


@triton.jit
def sum_kernel(
    features, logits, fused, groups, channels, pixels, fb, fc, fp, kb, kg, kp, ob, oc, op,
    BLOCK_C: tl.constexpr, BLOCK_P: tl.constexpr,
):  # fmt: skip
    """Compute BLOCK_C channels of the fused features at BLOCK_P pixels of an image."""
    c_blocks = tl.cdiv(channels, BLOCK_C)
    p_blocks = tl.cdiv(pixels, BLOCK_P)
    c = (tl.program_id(0) % c_blocks) * BLOCK_C + tl.arange(0, BLOCK_C)
    p = (tl.program_id(0) // c_blocks % p_blocks) * BLOCK_P + tl.arange(0, BLOCK_P)
    image = (tl.program_id(0) // c_blocks // p_blocks).to(tl.int64)
    inside = (c < channels)[:, None] & (p < pixels)[None, :]
    logits += image * kb + p * kp
    top, total = _softmax_parts(logits, groups, kg, p < pixels, BLOCK_P)
    features += image * fb + c[:, None] * fc + p[None, :] * fp
    summed = tl.zeros((BLOCK_C, BLOCK_P), tl.float32)
    for g in range(groups):
        k = tl.load(logits + g * kg, mask=p < pixels, other=0.0).to(tl.float32)
        f = tl.load(features + g * channels * fc, mask=inside, other=0.0).to(tl.float32)
        summed += (tl.exp(k - top) / total)[None, :] * f
    fused += image * ob + c[:, None] * oc + p[None, :] * op
    tl.store(fused, summed.to(fused.dtype.element_ty), mask=inside)


@triton.jit
def sum_backward_kernel(
    outer, features, logits, d_features, d_logits, groups, channels, pixels,
    ub, uc, up, fb, fc, fp, kb, kg, kp, db, dc, dp,
    NEEDS_LOGITS: tl.constexpr, BLOCK_C: tl.constexpr, BLOCK_P: tl.constexpr,
):  # fmt: skip
    """Compute the gradients of the features, and of the components' maps, at BLOCK_P pixels of an image."""
    blocks = tl.cdiv(pixels, BLOCK_P)
    image = (tl.program_id(0) // blocks).to(tl.int64)
    p = (tl.program_id(0) % blocks) * BLOCK_P + tl.arange(0, BLOCK_P)
    valid = p < pixels
    logits += image * kb + p * kp
    d_logits += image * groups * pixels + p
    top, total = _softmax_parts(logits, groups, kg, valid, BLOCK_P)
    mean = tl.zeros((BLOCK_P,), tl.float32)
    for g in range(groups):
        weight = tl.exp(tl.load(logits + g * kg, mask=valid, other=0.0).to(tl.float32) - top) / total
        products = tl.zeros((BLOCK_C, BLOCK_P), tl.float32)
        for start in range(0, channels, BLOCK_C):
            c = start + tl.arange(0, BLOCK_C)
            inside = (c < channels)[:, None] & valid[None, :]
            u = tl.load(outer + image * ub + c[:, None] * uc + p[None, :] * up, mask=inside, other=0.0).to(tl.float32)
            row = (g * channels + c)[:, None]
            target = d_features + image * db + row * dc + p[None, :] * dp
            tl.store(target, (weight[None, :] * u).to(d_features.dtype.element_ty), mask=inside)
            if NEEDS_LOGITS:
                f = tl.load(features + image * fb + row * fc + p[None, :] * fp, mask=inside, other=0.0)
                products += u * f.to(tl.float32)
        if NEEDS_LOGITS:
            score = tl.sum(products, 0)
            tl.store(d_logits + g * pixels, score, mask=valid)
            mean += weight * score
    if NEEDS_LOGITS:
        tl.debug_barrier()  # another thread may read what this one stored
        for g in range(groups):
            weight = tl.exp(tl.load(logits + g * kg, mask=valid, other=0.0).to(tl.float32) - top) / total
            score = tl.load(d_logits + g * pixels, mask=valid, other=0.0)
            tl.store(d_logits + g * pixels, weight * (score - mean), mask=valid)


@triton.jit
def _normalised_gradient(d_logits, owners, n, p, inside, pixels, OWNERS: tl.constexpr):
    """Sum the gradients of the components that each landmark belongs to, for the landmarks' normalised maps."""
    gradient = tl.zeros(inside.shape, tl.float32)
    for r in tl.static_range(OWNERS):
        owner = tl.load(owners + n * OWNERS + r)  # -1 where there are fewer
        belongs = inside & (owner >= 0)[:, None]
        gradient += tl.load(d_logits + owner[:, None] * pixels + p[None, :], mask=belongs, other=0.0)
    return gradient


@triton.jit
def maps_backward_kernel(
    maps, peaks, ties, d_logits, owners, d_maps, floor, landmarks, groups, pixels, sb, sl, sp, db, dl, dp,
    OWNERS: tl.constexpr, BLOCK_L: tl.constexpr, BLOCK_P: tl.constexpr,
):  # fmt: skip
    """Compute the gradient of BLOCK_L landmarks' maps of an image, also through the maximum."""
    blocks = tl.cdiv(landmarks, BLOCK_L)
    image = (tl.program_id(0) // blocks).to(tl.int64)
    n = (tl.program_id(0) % blocks) * BLOCK_L + tl.arange(0, BLOCK_L)
    known = n < landmarks
    n = tl.where(known, n, 0)
    peak = tl.load(peaks + image * landmarks + n)
    count = tl.load(ties + image * landmarks + n)
    divisor = tl.maximum(peak, floor, propagate_nan=tl.PropagateNan.ALL)
    maps += image * sb + n[:, None] * sl
    d_maps += image * db + n[:, None] * dl
    d_logits += image * groups * pixels
    pull = tl.zeros((BLOCK_L,), tl.float32)
    for start in range(0, pixels, BLOCK_P):
        p = start + tl.arange(0, BLOCK_P)
        inside = known[:, None] & (p < pixels)[None, :]
        gradient = _normalised_gradient(d_logits, owners, n, p, inside, pixels, OWNERS)
        pull += tl.sum(gradient * tl.load(maps + p[None, :] * sp, mask=inside, other=0.0).to(tl.float32), 1)
    share = tl.where(peak >= floor, pull / (divisor * divisor * count), 0.0)
    for start in range(0, pixels, BLOCK_P):
        p = start + tl.arange(0, BLOCK_P)
        inside = known[:, None] & (p < pixels)[None, :]
        gradient = _normalised_gradient(d_logits, owners, n, p, inside, pixels, OWNERS)
        m = tl.load(maps + p[None, :] * sp, mask=inside, other=0.0).to(tl.float32)
        d_map = gradient / divisor[:, None] - tl.where(m == peak[:, None], share[:, None], 0.0)
        tl.store(d_maps + p[None, :] * dp, d_map.to(d_maps.dtype.element_ty), mask=inside)
