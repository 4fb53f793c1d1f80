"""Tiles of landmarks' heatmaps in Triton: their sizes, and what kernels read, compute and store of them."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from priorsr.kernels.layout import channels_innermost


@triton.jit
def load_centres(landmarks, valid, at, inside, scale):
    """Load x and y in heatmap pixels, and validity, of the landmarks numbered `at`, where `inside`."""
    # landmarks: (B,L,2), float32. valid: (B,L), uint8, or None.
    known = inside
    if valid is not None:
        known = known & (tl.load(valid + at, mask=inside, other=0) != 0)
    x = tl.load(landmarks + 2 * at, mask=known, other=0.0) / scale
    y = tl.load(landmarks + 2 * at + 1, mask=known, other=0.0) / scale
    return x, y, known


@triton.jit
def load_own(landmarks, valid, scale, count, BLOCK_L: tl.constexpr):
    """Load a program's image number, and its BLOCK_L landmarks: numbers in the image and in all, and centres."""
    # landmarks: (B,L,2), float32. valid: (B,L), uint8, or None.
    blocks = tl.cdiv(count, BLOCK_L)
    image = (tl.program_id(0) // blocks).to(tl.int64)
    n = (tl.program_id(0) % blocks) * BLOCK_L + tl.arange(0, BLOCK_L)
    at = image * count + n
    x, y, known = load_centres(landmarks, valid, at, n < count, scale)
    return image, n, at, x, y, known


@triton.jit
def heatmap_tile(x, y, known, i, j, falloff):
    """Draw heatmaps (BLOCK_L, BLOCK_H, BLOCK_W) of landmarks at rows i and columns j, as products of profiles."""
    down = i[None, :].to(tl.float32) - y[:, None]
    across = j[None, :].to(tl.float32) - x[:, None]
    rows = tl.exp(-falloff * down * down) * known.to(tl.float32)[:, None]
    columns = tl.exp(-falloff * across * across)
    return rows[:, :, None] * columns[:, None, :]


@triton.jit
def sum_pixels(tile):
    """Sum over pixels: (BLOCK_L, BLOCK_H, BLOCK_W) -> (BLOCK_L,)."""
    return tl.sum(tl.sum(tile, 2), 1)


@triton.jit
def store_pull(d_landmarks, at, inside, to_x, to_y, scale, falloff):
    """Store the landmarks' gradients along x and y, times the factor that every pixel shares: 1 / (sigma^2 scale)."""
    # d_landmarks: (...,2), float32, of which `at` numbers the landmarks.
    tl.store(d_landmarks + 2 * at, to_x * (2 * falloff / scale), mask=inside)
    tl.store(d_landmarks + 2 * at + 1, to_y * (2 * falloff / scale), mask=inside)


def tile_of(height: int, width: int, values: int) -> dict[str, int]:
    """Return the sides of a tile of `values` values of a map, long along its rows."""
    block_w = min(triton.next_power_of_2(width), values, 128)
    return {"BLOCK_H": min(triton.next_power_of_2(height), values // block_w), "BLOCK_W": block_w}


def map_blocks(maps: Tensor) -> dict[str, int]:
    """Return how many whole maps a program takes: those that lie side by side in memory and fill a sector."""
    height, width = maps.shape[2:]
    if channels_innermost(maps):
        return {"BLOCK_L": 16, **tile_of(height, width, 64), "num_warps": 8}
    return {"BLOCK_L": 1, **tile_of(height, width, 1024)}


def falloff_of(sigma: float) -> float:
    """Return the factor of a squared distance in the exponent."""
    return 1 / (2 * sigma**2)


def as_bytes(valid: Tensor | None) -> Tensor | None:
    return None if valid is None else valid.contiguous().view(torch.uint8)
