"""Triton kernels that draw landmark heatmaps, or their maximum; README.md lists each pass's traffic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from priorsr.kernels.landmark_heatmap.heatmap_tiles import (
    as_bytes,
    falloff_of,
    heatmap_tile,
    load_centres,
    load_own,
    map_blocks,
    store_pull,
    sum_pixels,
    tile_of,
)
from priorsr.kernels.registration import LAUNCH, register_op


@triton.jit
def _pixels(program, height, width, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr):
    """Return the rows and columns of a program's tile, and the number of its map."""
    i_blocks = tl.cdiv(height, BLOCK_H)
    j_blocks = tl.cdiv(width, BLOCK_W)
    i = (program // j_blocks % i_blocks) * BLOCK_H + tl.arange(0, BLOCK_H)
    j = (program % j_blocks) * BLOCK_W + tl.arange(0, BLOCK_W)
    return i, j, (program // j_blocks // i_blocks).to(tl.int64)


def _tiles(height: int, width: int, tile: dict[str, int]) -> int:
    return triton.cdiv(height, tile["BLOCK_H"]) * triton.cdiv(width, tile["BLOCK_W"])


@triton.jit
def draw_kernel(
    landmarks, valid, maps, scale, falloff, height, width, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr
):  # fmt: skip
    """Draw a tile of one landmark's map."""
    # landmarks: (B,L,2), float32. valid: (B,L), uint8, or None. maps: (B,L,H,W), float32.
    i, j, number = _pixels(tl.program_id(0), height, width, BLOCK_H, BLOCK_W)
    at = number + tl.zeros((1,), tl.int64)
    x, y, known = load_centres(landmarks, valid, at, at >= 0, scale)
    inside = (i < height)[None, :, None] & (j < width)[None, None, :]
    target = maps + number * height * width + i[None, :, None] * width + j[None, None, :]
    tl.store(target, heatmap_tile(x, y, known, i, j, falloff), mask=inside)


def _draw(landmarks: Tensor, valid: Tensor | None, height: int, width: int, scale: float, sigma: float) -> Tensor:
    maps = _draw_fake(landmarks, valid, height, width, scale, sigma)
    if maps.numel():
        tile = tile_of(height, width, 2048)
        grid = (maps.shape[0] * maps.shape[1] * _tiles(height, width, tile),)
        draw_kernel[grid](
            landmarks.contiguous(), as_bytes(valid), maps, scale, falloff_of(sigma), height, width, **tile, **LAUNCH
        )
    return maps


def _draw_fake(landmarks: Tensor, valid: Tensor | None, height: int, width: int, scale: float, sigma: float) -> Tensor:
    return landmarks.new_empty((*landmarks.shape[:2], height, width), dtype=torch.float32)


@triton.jit
def pull_kernel(
    outer, landmarks, valid, d_landmarks, scale, falloff, count, height, width, ub, ul, uh, uw,
    BLOCK_L: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
):  # fmt: skip
    """Compute the gradient of BLOCK_L landmarks of an image from the gradient of their maps."""
    # outer: (B,L,H,W). landmarks, d_landmarks: (B,L,2), float32. valid: (B,L), uint8, or None.
    image, n, at, x, y, known = load_own(landmarks, valid, scale, count, BLOCK_L)
    outer += image * ub + n[:, None, None].to(tl.int64) * ul
    to_x = tl.zeros((BLOCK_L, BLOCK_H, BLOCK_W), tl.float32)
    to_y = tl.zeros((BLOCK_L, BLOCK_H, BLOCK_W), tl.float32)
    for top in range(0, height, BLOCK_H):
        i = top + tl.arange(0, BLOCK_H)
        for left in range(0, width, BLOCK_W):
            j = left + tl.arange(0, BLOCK_W)
            inside = known[:, None, None] & (i < height)[None, :, None] & (j < width)[None, None, :]
            u = tl.load(outer + i[None, :, None] * uh + j[None, None, :] * uw, mask=inside, other=0.0).to(tl.float32)
            pull = u * heatmap_tile(x, y, known, i, j, falloff)
            to_x += pull * (j[None, :].to(tl.float32) - x[:, None])[:, None, :]
            to_y += pull * (i[None, :].to(tl.float32) - y[:, None])[:, :, None]
    store_pull(d_landmarks, at, n < count, sum_pixels(to_x), sum_pixels(to_y), scale, falloff)


def _draw_backward(outer: Tensor, landmarks: Tensor, valid: Tensor | None, scale: float, sigma: float) -> Tensor:
    if not outer.numel():
        return torch.zeros_like(landmarks, memory_format=torch.contiguous_format)
    d_landmarks = _draw_backward_fake(outer, landmarks, valid, scale, sigma)
    batch, count, height, width = outer.shape
    blocks = map_blocks(outer)
    pull_kernel[(batch * triton.cdiv(count, blocks["BLOCK_L"]),)](
        outer, landmarks.contiguous(), as_bytes(valid), d_landmarks, scale, falloff_of(sigma), count, height, width,
        *outer.stride(), **blocks, **LAUNCH,
    )  # fmt: skip
    return d_landmarks


def _draw_backward_fake(outer: Tensor, landmarks: Tensor, valid: Tensor | None, scale: float, sigma: float) -> Tensor:
    return torch.empty_like(landmarks, memory_format=torch.contiguous_format)


@triton.jit
def _distance(x, y, i, j):
    """Return the squared distances of pixels at rows i and columns j to a landmark, (BLOCK_H, BLOCK_W)."""
    down = i.to(tl.float32) - y
    across = j.to(tl.float32) - x
    return (down * down)[:, None] + (across * across)[None, :]


@triton.jit
def _least_distance(landmarks, valid, first, i, j, scale, count):
    """Return the squared distances of pixels at rows i and columns j to each one's nearest valid landmark."""
    # landmarks: (B,L,2), float32. valid: (B,L), uint8, or None.
    least = tl.full((i.shape[0], j.shape[0]), float("inf"), tl.float32)
    for n in range(count):
        x, y, known = load_centres(landmarks, valid, first + n, n < count, scale)
        least = tl.where(known, tl.minimum(least, _distance(x, y, i, j)), least)
    return least


@triton.jit
def max_kernel(
    landmarks, valid, attention, scale, falloff, count, height, width, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr
):  # fmt: skip
    """Draw a tile of the maximum of an image's heatmaps."""
    # landmarks: (B,L,2), float32. valid: (B,L), uint8, or None. attention: (B,1,H,W), float32.
    i, j, image = _pixels(tl.program_id(0), height, width, BLOCK_H, BLOCK_W)
    least = _least_distance(landmarks, valid, image * count, i, j, scale, count)
    inside = (i < height)[:, None] & (j < width)[None, :]
    target = attention + image * height * width + i[:, None] * width + j[None, :]
    tl.store(target, tl.exp(-falloff * least), mask=inside)


def _max(landmarks: Tensor, valid: Tensor | None, height: int, width: int, scale: float, sigma: float) -> Tensor:
    attention = _max_fake(landmarks, valid, height, width, scale, sigma)
    if attention.numel():
        tile = tile_of(height, width, 1024)
        grid = (attention.shape[0] * _tiles(height, width, tile),)
        max_kernel[grid](
            landmarks.contiguous(), as_bytes(valid), attention, scale, falloff_of(sigma),
            landmarks.shape[1], height, width, **tile, **LAUNCH,
        )  # fmt: skip
    return attention


def _max_fake(landmarks: Tensor, valid: Tensor | None, height: int, width: int, scale: float, sigma: float) -> Tensor:
    return landmarks.new_empty((landmarks.shape[0], 1, height, width), dtype=torch.float32)


@triton.jit
def max_backward_kernel(
    outer, landmarks, valid, parts, scale, falloff, count, height, width, ub, uh, uw,
    BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
):  # fmt: skip
    """Add the gradient through a tile of an image's heatmap maximum to the landmarks' gradients.

    A pixel belongs to the first of its nearest landmarks. Two loops compute the distances and must round identically,
    so this kernel is launched without fused multiply-adds.
    """
    # outer: (B,1,H,W). landmarks: (B,L,2), float32. valid: (B,L), uint8, or None. parts: (B,tiles,L,2), float32.
    i, j, image = _pixels(tl.program_id(0), height, width, BLOCK_H, BLOCK_W)
    least = _least_distance(landmarks, valid, image * count, i, j, scale, count)
    inside = (i < height)[:, None] & (j < width)[None, :]
    u = tl.load(outer + image * ub + i[:, None] * uh + j[None, :] * uw, mask=inside, other=0.0).to(tl.float32)
    pull = u * tl.exp(-falloff * least)
    for n in range(count):
        x, y, known = load_centres(landmarks, valid, image * count + n, n < count, scale)
        own = tl.where((_distance(x, y, i, j) == least) & known, pull, 0.0)
        pull -= own
        to_x = tl.sum(own * (j.to(tl.float32) - x)[None, :])
        to_y = tl.sum(own * (i.to(tl.float32) - y)[:, None])
        store_pull(parts, tl.program_id(0).to(tl.int64) * count + n, n < count, to_x, to_y, scale, falloff)


def _max_backward(outer: Tensor, landmarks: Tensor, valid: Tensor | None, scale: float, sigma: float) -> Tensor:
    batch, count = landmarks.shape[:2]
    height, width = outer.shape[2:]
    tile = tile_of(height, width, 8192)  # large, since each leaves a part for every landmark
    warps = max(4, tile["BLOCK_H"] * tile["BLOCK_W"] // 512)
    tiles = _tiles(height, width, tile)
    parts = landmarks.new_empty((batch, tiles, count, 2))
    if parts.numel():
        max_backward_kernel[(batch * tiles,)](
            outer, landmarks.contiguous(), as_bytes(valid), parts, scale, falloff_of(sigma), count, height, width,
            outer.stride(0), outer.stride(2), outer.stride(3), **tile, num_warps=warps, enable_fp_fusion=False,
        )  # fmt: skip
    return parts.sum(1)  # in order, so that the same gradient comes out each time


def _save_landmarks(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    landmarks, valid, _, _, ctx.scale, ctx.sigma = inputs
    ctx.save_for_backward(landmarks, valid)


def _landmarks_gradient(ctx: Any, backward: Callable[..., Tensor], outer: Tensor) -> tuple[Tensor | None, ...]:
    landmarks, valid = ctx.saved_tensors
    return backward(outer, landmarks, valid, ctx.scale, ctx.sigma), None, None, None, None, None


_draw_op = register_op(
    "landmark_heatmap", _draw, _draw_fake, _draw_backward, _draw_backward_fake,
    save=_save_landmarks, gradients=_landmarks_gradient,
)  # fmt: skip
_max_op = register_op(
    "landmark_heatmap_max", _max, _max_fake, _max_backward, _draw_backward_fake,
    save=_save_landmarks, gradients=_landmarks_gradient,
)  # fmt: skip


def landmark_heatmap(
    landmarks: Tensor, valid: Tensor | None, size: tuple[int, int], scale: float, sigma: float
) -> Tensor:
    """Compute `reference.landmark_heatmap` of checked arguments by the kernels."""
    return _draw_op(landmarks.float(), valid, *size, scale, sigma)


def landmark_heatmap_max(
    landmarks: Tensor, valid: Tensor | None, size: tuple[int, int], scale: float, sigma: float
) -> Tensor:
    """Compute `reference.landmark_heatmap_max` of checked arguments by the kernels."""
    return _max_op(landmarks.float(), valid, *size, scale, sigma)
