"""The fusion of features by facial component as an operator of torch: how kernels are launched and differentiated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import Any

import torch
import triton
from torch import Tensor

from priorsr.kernels.landmark_fusion import kernels
from priorsr.kernels.layout import channels_innermost, empty_like, flat_pixels, strides
from priorsr.kernels.registration import LAUNCH, register_op


def _map_blocks(maps: Tensor) -> dict[str, int]:
    """Return how many whole maps a program takes: those that lie side by side in memory and fill a sector."""
    if channels_innermost(maps):
        return {"BLOCK_L": 16, "BLOCK_P": 64, "num_warps": 4}
    return {"BLOCK_L": 1, "BLOCK_P": min(triton.next_power_of_2(maps.shape[2] * maps.shape[3]), 2048), "num_warps": 4}


def _feature_blocks(features: Tensor, channels: int, values: int) -> dict[str, int]:
    """Return the tile of a kernel over features, long where values lie side by side in memory."""
    block_c = min(triton.next_power_of_2(channels), 64 if channels_innermost(features) else 16)
    return {"BLOCK_C": block_c, "BLOCK_P": values // block_c, "num_warps": 4}


@lru_cache(maxsize=32)
def _tables(members: tuple[int, ...], starts: tuple[int, ...], landmarks: int, device: torch.device) -> list[Tensor]:
    """On the device: each component's landmarks, where each component's start, and each landmark's components (L,R)."""
    owners: list[list[int]] = [[] for _ in range(landmarks)]
    for g, (first, last) in enumerate(pairwise(starts)):
        for landmark in members[first:last]:
            owners[landmark].append(g)
    most = max(map(len, owners))
    rows = [own + [-1] * (most - len(own)) for own in owners]
    return [torch.tensor(table, dtype=torch.int32, device=device) for table in (members, starts, rows)]


def _components(starts: Sequence[int], landmarks: int) -> int:
    """Return the number of components; without groups, each map is a component's."""
    return len(starts) - 1 if starts else landmarks


def _forward(
    features: Tensor, maps: Tensor, members: Sequence[int], starts: Sequence[int], floor: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Fused features; of grouped maps the logits (B,G,H,W), peaks and ties (B,L); without groups these are empty."""
    fused, logits, peaks, ties = _forward_fake(features, maps, members, starts, floor)
    if not fused.numel():
        return fused, logits, peaks, ties
    features, maps = flat_pixels(features), flat_pixels(maps)
    batch, landmarks, height, width = maps.shape
    channels, pixels = fused.shape[1], height * width
    groups = _components(starts, landmarks)
    if starts:
        blocks = _map_blocks(maps)
        grid = (batch * triton.cdiv(landmarks, blocks["BLOCK_L"]),)
        kernels.peaks_kernel[grid](maps, peaks, ties, landmarks, pixels, *strides(maps), **blocks, **LAUNCH)
        tables = _tables(tuple(members), tuple(starts), landmarks, maps.device)
        block_l, block_p = (16, 32) if channels_innermost(maps) else (4, 128)
        blocks = {"BLOCK_L": block_l, "BLOCK_P": block_p, "num_warps": 1}
        grid = (batch * triton.cdiv(pixels, blocks["BLOCK_P"]),)
        kernels.logits_kernel[grid](
            maps, peaks, *tables[:2], logits, floor, landmarks, groups, pixels, *strides(maps), **blocks, **LAUNCH,
        )  # fmt: skip
    steering = logits if starts else maps
    blocks = _feature_blocks(features, channels, 4096)
    grid = (batch * triton.cdiv(pixels, blocks["BLOCK_P"]) * triton.cdiv(channels, blocks["BLOCK_C"]),)
    kernels.sum_kernel[grid](
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


def _backward(
    outer: Tensor,
    features: Tensor,
    maps: Tensor,
    logits: Tensor,
    peaks: Tensor,
    ties: Tensor,
    members: Sequence[int],
    starts: Sequence[int],
    floor: float,
    needs_maps: bool,
) -> tuple[Tensor, Tensor]:
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
    kernels.sum_backward_kernel[(batch * triton.cdiv(pixels, blocks["BLOCK_P"]),)](
        outer, features, steering, d_features, d_logits, groups, channels, pixels,
        *strides(outer), *strides(features), *strides(steering), *strides(d_features),
        NEEDS_LOGITS=needs_maps, **blocks, **LAUNCH,
    )  # fmt: skip
    if not needs_maps:
        return d_features, d_maps
    if not starts:
        return d_features, d_maps.copy_(d_logits)
    blocks = _map_blocks(maps)
    owners = _tables(tuple(members), tuple(starts), landmarks, maps.device)[2]
    kernels.maps_backward_kernel[(batch * triton.cdiv(landmarks, blocks["BLOCK_L"]),)](
        maps, peaks, ties, d_logits, owners, d_maps, floor, landmarks, groups, pixels,
        *strides(maps), *strides(d_maps), OWNERS=owners.shape[1], **blocks, **LAUNCH,
    )  # fmt: skip
    return d_features, d_maps


def _backward_fake(
    outer: Tensor,
    features: Tensor,
    maps: Tensor,
    logits: Tensor,
    peaks: Tensor,
    ties: Tensor,
    members: Sequence[int],
    starts: Sequence[int],
    floor: float,
    needs_maps: bool,
) -> tuple[Tensor, Tensor]:
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
    """`reference.landmark_fusion` of checked arguments."""
    members: list[int] = []
    starts: list[int] = []
    if groups is not None:
        members = list(chain.from_iterable(groups))
        starts = [0]
        for group in groups:
            starts.append(starts[-1] + len(group))
    return _op(component_features, heatmaps, members, starts, floor)[0]
