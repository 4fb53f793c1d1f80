"""Kernels in Triton that draw landmarks' heatmaps or reduce them; which moves what is in README.md."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _load_centres(landmarks, valid, at, inside, scale):
    """Load x and y in heatmap pixels, and validity, of the landmarks numbered `at`, where `inside`."""
    known = inside
    if valid is not None:
        known = known & (tl.load(valid + at, mask=inside, other=0) != 0)
    x = tl.load(landmarks + 2 * at, mask=known, other=0.0) / scale
    y = tl.load(landmarks + 2 * at + 1, mask=known, other=0.0) / scale
    return x, y, known


@triton.jit
def _load_own(landmarks, valid, scale, count, BLOCK_L: tl.constexpr):
    """Load a program's image number, and its BLOCK_L landmarks: numbers in the image and in all, and centres."""
    blocks = tl.cdiv(count, BLOCK_L)
    image = (tl.program_id(0) // blocks).to(tl.int64)
    n = (tl.program_id(0) % blocks) * BLOCK_L + tl.arange(0, BLOCK_L)
    at = image * count + n
    x, y, known = _load_centres(landmarks, valid, at, n < count, scale)
    return image, n, at, x, y, known


@triton.jit
def _target(x, y, known, i, j, falloff):
    """Draw heatmaps (BLOCK_L, BLOCK_H, BLOCK_W) of landmarks at rows i and columns j, as products of profiles."""
    down = i[None, :].to(tl.float32) - y[:, None]
    across = j[None, :].to(tl.float32) - x[:, None]
    rows = tl.exp(-falloff * down * down) * known.to(tl.float32)[:, None]
    columns = tl.exp(-falloff * across * across)
    return rows[:, :, None] * columns[:, None, :]


@triton.jit
def _sum_pixels(tile):
    """Sum over pixels: (BLOCK_L, BLOCK_H, BLOCK_W) -> (BLOCK_L,)."""
    return tl.sum(tl.sum(tile, 2), 1)


@triton.jit
def _store_pull(d_landmarks, at, inside, to_x, to_y, scale, falloff):
    """Store the landmarks' gradients along x and y, times the factor that every pixel shares: 1 / (sigma^2 scale)."""
    tl.store(d_landmarks + 2 * at, to_x * (2 * falloff / scale), mask=inside)
    tl.store(d_landmarks + 2 * at + 1, to_y * (2 * falloff / scale), mask=inside)


@triton.jit
def _pixels(program, height, width, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr):
    """Return the rows and columns of a program's tile, and the number of its map."""
    i_blocks = tl.cdiv(height, BLOCK_H)
    j_blocks = tl.cdiv(width, BLOCK_W)
    i = (program // j_blocks % i_blocks) * BLOCK_H + tl.arange(0, BLOCK_H)
    j = (program % j_blocks) * BLOCK_W + tl.arange(0, BLOCK_W)
    return i, j, (program // j_blocks // i_blocks).to(tl.int64)


@triton.jit
def draw_kernel(
    landmarks, valid, maps, scale, falloff, height, width, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr
):  # fmt: skip
    """Draw a tile of one landmark's map."""
    i, j, number = _pixels(tl.program_id(0), height, width, BLOCK_H, BLOCK_W)
    at = number + tl.zeros((1,), tl.int64)
    x, y, known = _load_centres(landmarks, valid, at, at >= 0, scale)
    inside = (i < height)[None, :, None] & (j < width)[None, None, :]
    target = maps + number * height * width + i[None, :, None] * width + j[None, None, :]
    tl.store(target, _target(x, y, known, i, j, falloff), mask=inside)


@triton.jit
def pull_kernel(
    outer, landmarks, valid, d_landmarks, scale, falloff, count, height, width, ub, ul, uh, uw,
    BLOCK_L: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
):  # fmt: skip
    """Compute the gradient of BLOCK_L landmarks of an image from the gradient of their maps."""
    image, n, at, x, y, known = _load_own(landmarks, valid, scale, count, BLOCK_L)
    outer += image * ub + n[:, None, None].to(tl.int64) * ul
    to_x = tl.zeros((BLOCK_L, BLOCK_H, BLOCK_W), tl.float32)
    to_y = tl.zeros((BLOCK_L, BLOCK_H, BLOCK_W), tl.float32)
    for top in range(0, height, BLOCK_H):
        i = top + tl.arange(0, BLOCK_H)
        for left in range(0, width, BLOCK_W):
            j = left + tl.arange(0, BLOCK_W)
            inside = known[:, None, None] & (i < height)[None, :, None] & (j < width)[None, None, :]
            u = tl.load(outer + i[None, :, None] * uh + j[None, None, :] * uw, mask=inside, other=0.0).to(tl.float32)
            pull = u * _target(x, y, known, i, j, falloff)
            to_x += pull * (j[None, :].to(tl.float32) - x[:, None])[:, None, :]
            to_y += pull * (i[None, :].to(tl.float32) - y[:, None])[:, :, None]
    _store_pull(d_landmarks, at, n < count, _sum_pixels(to_x), _sum_pixels(to_y), scale, falloff)


@triton.jit
def mse_kernel(
    predictions, landmarks, valid, errors, scale, falloff, peak_weight, count, height, width, sb, sl, sh, sw,
    BLOCK_L: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
):  # fmt: skip
    """Compute the mean squared errors of BLOCK_L landmarks' maps of an image."""
    image, n, at, x, y, known = _load_own(landmarks, valid, scale, count, BLOCK_L)
    predictions += image * sb + n[:, None, None].to(tl.int64) * sl
    squares = tl.zeros((BLOCK_L, BLOCK_H, BLOCK_W), tl.float32)
    for top in range(0, height, BLOCK_H):
        i = top + tl.arange(0, BLOCK_H)
        for left in range(0, width, BLOCK_W):
            j = left + tl.arange(0, BLOCK_W)
            inside = (n < count)[:, None, None] & (i < height)[None, :, None] & (j < width)[None, None, :]
            source = predictions + i[None, :, None] * sh + j[None, None, :] * sw
            target = _target(x, y, known, i, j, falloff)
            difference = tl.load(source, mask=inside, other=0.0).to(tl.float32) - target
            squares += tl.where(inside, (1 + peak_weight * target) * difference * difference, 0.0)
    tl.store(errors + at, _sum_pixels(squares) / (height * width), mask=n < count)


@triton.jit
def mse_backward_kernel(
    outer, predictions, landmarks, valid, d_predictions, d_landmarks, scale, falloff, peak_weight, count, height, width,
    sb, sl, sh, sw, db, dl, dh, dw,
    NEEDS_LANDMARKS: tl.constexpr, BLOCK_L: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
):  # fmt: skip
    """Compute the gradients of BLOCK_L landmarks' predicted maps of an image, and of the landmarks."""
    image, n, at, x, y, known = _load_own(landmarks, valid, scale, count, BLOCK_L)
    u = tl.load(outer + at, mask=n < count, other=0.0).to(tl.float32) / (height * width)
    predictions += image * sb + n[:, None, None].to(tl.int64) * sl
    d_predictions += image * db + n[:, None, None].to(tl.int64) * dl
    to_x = tl.zeros((BLOCK_L, BLOCK_H, BLOCK_W), tl.float32)
    to_y = tl.zeros((BLOCK_L, BLOCK_H, BLOCK_W), tl.float32)
    for top in range(0, height, BLOCK_H):
        i = top + tl.arange(0, BLOCK_H)
        for left in range(0, width, BLOCK_W):
            j = left + tl.arange(0, BLOCK_W)
            inside = (n < count)[:, None, None] & (i < height)[None, :, None] & (j < width)[None, None, :]
            source = predictions + i[None, :, None] * sh + j[None, None, :] * sw
            target = _target(x, y, known, i, j, falloff)
            difference = tl.load(source, mask=inside, other=0.0).to(tl.float32) - target
            slope = 2 * (1 + peak_weight * target) * difference
            d_prediction = (u[:, None, None] * slope).to(d_predictions.dtype.element_ty)
            tl.store(d_predictions + i[None, :, None] * dh + j[None, None, :] * dw, d_prediction, mask=inside)
            if NEEDS_LANDMARKS:
                pull = tl.where(inside, (peak_weight * difference * difference - slope) * target, 0.0)
                to_x += pull * (j[None, :].to(tl.float32) - x[:, None])[:, None, :]
                to_y += pull * (i[None, :].to(tl.float32) - y[:, None])[:, :, None]
    if NEEDS_LANDMARKS:
        _store_pull(d_landmarks, at, n < count, u * _sum_pixels(to_x), u * _sum_pixels(to_y), scale, falloff)


@triton.jit
def _distance(x, y, i, j):
    """Return the squared distances of pixels at rows i and columns j to a landmark, (BLOCK_H, BLOCK_W)."""
    down = i.to(tl.float32) - y
    across = j.to(tl.float32) - x
    return (down * down)[:, None] + (across * across)[None, :]


@triton.jit
def _least_distance(landmarks, valid, first, i, j, scale, count):
    """Return the squared distances of pixels at rows i and columns j to each one's nearest valid landmark."""
    least = tl.full((i.shape[0], j.shape[0]), float("inf"), tl.float32)
    for n in range(count):
        x, y, known = _load_centres(landmarks, valid, first + n, n < count, scale)
        least = tl.where(known, tl.minimum(least, _distance(x, y, i, j)), least)
    return least


@triton.jit
def max_kernel(
    landmarks, valid, attention, scale, falloff, count, height, width, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr
):  # fmt: skip
    """Draw a tile of the maximum of an image's heatmaps."""
    i, j, image = _pixels(tl.program_id(0), height, width, BLOCK_H, BLOCK_W)
    least = _least_distance(landmarks, valid, image * count, i, j, scale, count)
    inside = (i < height)[:, None] & (j < width)[None, :]
    target = attention + image * height * width + i[:, None] * width + j[None, :]
    tl.store(target, tl.exp(-falloff * least), mask=inside)


@triton.jit
def max_backward_kernel(
    outer, landmarks, valid, parts, scale, falloff, count, height, width, ub, uh, uw,
    BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
):  # fmt: skip
    """Add the gradient of a tile of an image's maximum of heatmaps to each landmark's.

    A pixel is of the first landmark at its least distance. Two loops compute distances, and must round alike: this
    kernel is launched without fused products and sums.
    """
    i, j, image = _pixels(tl.program_id(0), height, width, BLOCK_H, BLOCK_W)
    least = _least_distance(landmarks, valid, image * count, i, j, scale, count)
    inside = (i < height)[:, None] & (j < width)[None, :]
    u = tl.load(outer + image * ub + i[:, None] * uh + j[None, :] * uw, mask=inside, other=0.0).to(tl.float32)
    pull = u * tl.exp(-falloff * least)
    for n in range(count):
        x, y, known = _load_centres(landmarks, valid, image * count + n, n < count, scale)
        own = tl.where((_distance(x, y, i, j) == least) & known, pull, 0.0)
        pull -= own
        to_x = tl.sum(own * (j.to(tl.float32) - x)[None, :])
        to_y = tl.sum(own * (i.to(tl.float32) - y)[:, None])
        _store_pull(parts, tl.program_id(0).to(tl.int64) * count + n, n < count, to_x, to_y, scale, falloff)
