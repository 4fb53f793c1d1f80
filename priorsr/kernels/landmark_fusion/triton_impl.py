"""The fusion of features by facial component in Triton; README.md lists each pass's traffic.

In the comments on pointers, B are images, C channels, G components, L landmarks, and P the pixels of an image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from priorsr.kernels.landmark_fusion.component_maps import group_maps, group_maps_backward
from priorsr.kernels.layout import channels_innermost, empty_like, flat_pixels, strides
from priorsr.kernels.registration import LAUNCH, register_op


def _feature_blocks(features: Tensor, channels: int, values: int) -> dict[str, int]:
    """Return the tile of a kernel over features, long where values lie side by side in memory."""
    block_c = min(triton.next_power_of_2(channels), 64 if channels_innermost(features) else 16)
    return {"BLOCK_C": block_c, "BLOCK_P": values // block_c, "num_warps": 4}


def _components(starts: Sequence[int], landmarks: int) -> int:
    """Return the number of components; without groups, each map is a component's."""
    return len(starts) - 1 if starts else landmarks


@triton.jit
def _softmax_parts(logits, groups, sg, valid, BLOCK_P: tl.constexpr):
    """Return the maximum over the components, and the sum of the exponentials below it, (BLOCK_P,) each."""
    # logits: (G,) at the stride sg, at the BLOCK_P pixels of an image.
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
    # features: (B,G*C,P). logits: (B,G,P). fused: (B,C,P).
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


def _forward(
    features: Tensor, maps: Tensor, members: Sequence[int], starts: Sequence[int], floor: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the fused features, logits (B,G,H,W), peaks and ties (B,L); the last three are empty without groups."""
    fused, logits, peaks, ties = _forward_fake(features, maps, members, starts, floor)
    if not fused.numel():
        return fused, logits, peaks, ties
    features, maps = flat_pixels(features), flat_pixels(maps)
    batch, landmarks, height, width = maps.shape
    channels, pixels = fused.shape[1], height * width
    groups = _components(starts, landmarks)
    if starts:
        group_maps(maps, members, starts, floor, logits, peaks, ties)
    steering = logits if starts else maps
    blocks = _feature_blocks(features, channels, 4096)
    grid = (batch * triton.cdiv(pixels, blocks["BLOCK_P"]) * triton.cdiv(channels, blocks["BLOCK_C"]),)
    sum_kernel[grid](
        features, steering, fused, groups, channels, pixels,
        *strides(features), *strides(steering), *strides(fused), **blocks, **LAUNCH,
    )  # fmt: skip
    return fused, logits, peaks, ties


def _forward_fake(
    features: Tensor, maps: Tensor, members: Sequence[int], starts: Sequence[int], floor: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    batch, landmarks, height, width = maps.shape
    groups = _components(starts, landmarks)
    fused = empty_like(features, (batch, features.shape[1] // groups, height, width))
    maps_shape = (batch, groups, height, width) if starts else (0,)
    each_shape = (batch, landmarks) if starts else (0,)
    logits, peaks, ties = (maps.new_empty(shape, dtype=torch.float32) for shape in (maps_shape, each_shape, each_shape))
    return fused, logits, peaks, ties


@triton.jit
def sum_backward_kernel(
    outer, features, logits, d_features, d_logits, groups, channels, pixels,
    ub, uc, up, fb, fc, fp, kb, kg, kp, db, dc, dp,
    NEEDS_LOGITS: tl.constexpr, BLOCK_C: tl.constexpr, BLOCK_P: tl.constexpr,
):  # fmt: skip
    """Compute the gradients of the features, and of the components' maps, at BLOCK_P pixels of an image."""
    # outer: (B,C,P). features, d_features: (B,G*C,P). logits: (B,G,P). d_logits: (B,G,P), float32.
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


def _backward(
    outer: Tensor, features: Tensor, maps: Tensor, logits: Tensor, peaks: Tensor, ties: Tensor,
    members: Sequence[int], starts: Sequence[int], floor: float, needs_maps: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return the gradients of features and maps; the latter is empty unless it is needed."""
    d_features, d_maps = _backward_fake(outer, features, maps, logits, peaks, ties, members, starts, floor, needs_maps)
    if not features.numel():
        return d_features, d_maps
    outer, features, maps = flat_pixels(outer), flat_pixels(features), flat_pixels(maps)
    batch, landmarks, height, width = maps.shape
    channels, pixels = outer.shape[1], height * width
    groups = _components(starts, landmarks)
    steering = logits if starts else maps
    shape = (batch, groups, height, width) if needs_maps else (0,)
    d_logits = torch.empty(shape, dtype=torch.float32, device=maps.device)
    blocks = _feature_blocks(features, channels, 2048)  # 4,096 take 160 registers: three blocks at once
    sum_backward_kernel[(batch * triton.cdiv(pixels, blocks["BLOCK_P"]),)](
        outer, features, steering, d_features, d_logits, groups, channels, pixels,
        *strides(outer), *strides(features), *strides(steering), *strides(d_features),
        NEEDS_LOGITS=needs_maps, **blocks, **LAUNCH,
    )  # fmt: skip
    if not needs_maps:
        return d_features, d_maps
    if not starts:
        return d_features, d_maps.copy_(d_logits)
    group_maps_backward(maps, peaks, ties, d_logits, members, starts, floor, d_maps)
    return d_features, d_maps


def _backward_fake(
    outer: Tensor, features: Tensor, maps: Tensor, logits: Tensor, peaks: Tensor, ties: Tensor,
    members: Sequence[int], starts: Sequence[int], floor: float, needs_maps: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    d_features = empty_like(features, features.shape)
    return d_features, empty_like(maps, maps.shape) if needs_maps else maps.new_empty(0)


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    features, maps, ctx.members, ctx.starts, ctx.floor = inputs
    ctx.mark_non_differentiable(*output[1:])
    ctx.save_for_backward(features, maps, *output[1:])


def _gradients(ctx: Any, backward: Callable[..., Any], outer: Tensor, *_: None) -> tuple[Tensor | None, ...]:
    needs_maps = ctx.needs_input_grad[1]
    d_features, d_maps = backward(outer, *ctx.saved_tensors, ctx.members, ctx.starts, ctx.floor, needs_maps)
    return d_features, d_maps if needs_maps else None, None, None, None


_op = register_op(
    "landmark_fusion", _forward, _forward_fake, _backward, _backward_fake, save=_save, gradients=_gradients
)


def landmark_fusion(
    component_features: Tensor, heatmaps: Tensor, groups: Sequence[Sequence[int]] | None, floor: float
) -> Tensor:
    """Compute `reference.landmark_fusion` of checked arguments by the kernels."""
    members: list[int] = []
    starts: list[int] = []
    if groups is not None:
        members = list(chain.from_iterable(groups))
        starts = [0]
        for group in groups:
            starts.append(starts[-1] + len(group))
    return _op(component_features, heatmaps, members, starts, floor)[0]
