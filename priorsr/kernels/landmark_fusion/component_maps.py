"""Triton kernels that combine landmark heatmaps into maps of facial components; README.md lists each pass's traffic.

In the comments on pointers, B are images, G components, L landmarks, and P the pixels of an image.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import torch
import triton
import triton.language as tl
from torch import Tensor

from priorsr.kernels.layout import channels_innermost, strides
from priorsr.kernels.registration import LAUNCH


def _map_blocks(maps: Tensor) -> dict[str, int]:
    """Return how many whole maps a program takes: those that lie side by side in memory and fill a sector."""
    if channels_innermost(maps):
        return {"BLOCK_L": 16, "BLOCK_P": 64, "num_warps": 4}
    return {"BLOCK_L": 1, "BLOCK_P": min(triton.next_power_of_2(maps.shape[2] * maps.shape[3]), 2048), "num_warps": 4}


@lru_cache(maxsize=32)
def _tables(members: tuple[int, ...], starts: tuple[int, ...], landmarks: int, device: torch.device) -> list[Tensor]:
    """Return tensors: the components' landmarks, each component's start, and each landmark's components (L,R)."""
    owners: list[list[int]] = [[] for _ in range(landmarks)]
    for g, (first, last) in enumerate(pairwise(starts)):
        for landmark in members[first:last]:
            owners[landmark].append(g)
    most = max(map(len, owners))
    rows = [own + [-1] * (most - len(own)) for own in owners]
    return [torch.tensor(table, dtype=torch.int32, device=device) for table in (members, starts, rows)]


@triton.jit
def peaks_kernel(maps, peaks, ties, landmarks, pixels, sb, sl, sp, BLOCK_L: tl.constexpr, BLOCK_P: tl.constexpr):
    """Find the maximum of BLOCK_L maps of an image, and the number of pixels that reach it."""
    # maps: (B,L,P). peaks, ties: (B,L), float32.
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
    # maps: (B,L,P). peaks: (B,L), logits: (B,G,P), float32.
    # members: the landmarks of all components in turn, starts: (G+1,) into it, int32.
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


def group_maps(
    maps: Tensor, members: Sequence[int], starts: Sequence[int], floor: float,
    logits: Tensor, peaks: Tensor, ties: Tensor,
) -> None:  # fmt: skip
    """Compute the logits (B,G,H,W) of maps (B,L,H,W) that `flat_pixels` returned, and their peaks and ties (B,L)."""
    batch, landmarks, height, width = maps.shape
    pixels = height * width
    blocks = _map_blocks(maps)
    grid = (batch * triton.cdiv(landmarks, blocks["BLOCK_L"]),)
    peaks_kernel[grid](maps, peaks, ties, landmarks, pixels, *strides(maps), **blocks, **LAUNCH)
    tables = _tables(tuple(members), tuple(starts), landmarks, maps.device)
    block_l, block_p = (16, 32) if channels_innermost(maps) else (4, 128)
    blocks = {"BLOCK_L": block_l, "BLOCK_P": block_p, "num_warps": 1}
    grid = (batch * triton.cdiv(pixels, blocks["BLOCK_P"]),)
    logits_kernel[grid](
        maps, peaks, *tables[:2], logits, floor, landmarks, len(starts) - 1, pixels, *strides(maps), **blocks, **LAUNCH,
    )  # fmt: skip


@triton.jit
def _normalised_gradient(d_logits, owners, n, p, inside, pixels, OWNERS: tl.constexpr):
    """Sum the gradients of the components that each landmark belongs to, for the landmarks' normalised maps."""
    # d_logits: (G,P) of an image. owners: (L,OWNERS), int32.
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
    # maps, d_maps: (B,L,P). peaks, ties: (B,L), d_logits: (B,G,P), float32. owners: (L,OWNERS), int32.
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


def group_maps_backward(
    maps: Tensor, peaks: Tensor, ties: Tensor, d_logits: Tensor, members: Sequence[int], starts: Sequence[int],
    floor: float, d_maps: Tensor,
) -> None:  # fmt: skip
    """Compute the gradient of maps that `group_maps` took, given that of the logits."""
    batch, landmarks, height, width = maps.shape
    pixels = height * width
    blocks = _map_blocks(maps)
    owners = _tables(tuple(members), tuple(starts), landmarks, maps.device)[2]
    maps_backward_kernel[(batch * triton.cdiv(landmarks, blocks["BLOCK_L"]),)](
        maps, peaks, ties, d_logits, owners, d_maps, floor, landmarks, len(starts) - 1, pixels,
        *strides(maps), *strides(d_maps), OWNERS=owners.shape[1], **blocks, **LAUNCH,
    )  # fmt: skip
