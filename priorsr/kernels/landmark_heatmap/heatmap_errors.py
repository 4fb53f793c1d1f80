"""Triton kernels for the errors of predicted heatmaps; README.md lists each pass's traffic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import triton
import triton.language as tl
from torch import Tensor

from priorsr.kernels.landmark_heatmap.heatmap_tiles import (
    as_bytes,
    falloff_of,
    heatmap_tile,
    load_own,
    map_blocks,
    store_pull,
    sum_pixels,
)
from priorsr.kernels.layout import empty_like
from priorsr.kernels.registration import LAUNCH, register_op


@triton.jit
def mse_kernel(
    predictions, landmarks, valid, errors, scale, falloff, peak_weight, count, height, width, sb, sl, sh, sw,
    BLOCK_L: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
):  # fmt: skip
    """Compute the mean squared errors of BLOCK_L landmarks' maps of an image."""
    # predictions: (B,L,H,W). landmarks: (B,L,2), float32. valid: (B,L), uint8, or None. errors: (B,L), float32.
    image, n, at, x, y, known = load_own(landmarks, valid, scale, count, BLOCK_L)
    predictions += image * sb + n[:, None, None].to(tl.int64) * sl
    squares = tl.zeros((BLOCK_L, BLOCK_H, BLOCK_W), tl.float32)
    for top in range(0, height, BLOCK_H):
        i = top + tl.arange(0, BLOCK_H)
        for left in range(0, width, BLOCK_W):
            j = left + tl.arange(0, BLOCK_W)
            inside = (n < count)[:, None, None] & (i < height)[None, :, None] & (j < width)[None, None, :]
            source = predictions + i[None, :, None] * sh + j[None, None, :] * sw
            target = heatmap_tile(x, y, known, i, j, falloff)
            difference = tl.load(source, mask=inside, other=0.0).to(tl.float32) - target
            squares += tl.where(inside, (1 + peak_weight * target) * difference * difference, 0.0)
    tl.store(errors + at, sum_pixels(squares) / (height * width), mask=n < count)


def _mse(
    predictions: Tensor, landmarks: Tensor, valid: Tensor | None, scale: float, sigma: float, peak_weight: float
) -> Tensor:
    errors = _mse_fake(predictions, landmarks, valid, scale, sigma, peak_weight)
    batch, count, height, width = predictions.shape
    if errors.numel():
        blocks = map_blocks(predictions)
        mse_kernel[(batch * triton.cdiv(count, blocks["BLOCK_L"]),)](
            predictions, landmarks.contiguous(), as_bytes(valid), errors, scale, falloff_of(sigma), peak_weight,
            count, height, width, *predictions.stride(), **blocks, **LAUNCH,
        )  # fmt: skip
    return errors


def _mse_fake(
    predictions: Tensor, landmarks: Tensor, valid: Tensor | None, scale: float, sigma: float, peak_weight: float
) -> Tensor:
    return landmarks.new_empty(landmarks.shape[:2])


@triton.jit
def mse_backward_kernel(
    outer, predictions, landmarks, valid, d_predictions, d_landmarks, scale, falloff, peak_weight, count, height, width,
    sb, sl, sh, sw, db, dl, dh, dw,
    NEEDS_LANDMARKS: tl.constexpr, BLOCK_L: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
):  # fmt: skip
    """Compute the gradients of BLOCK_L landmarks' predicted maps of an image, and of the landmarks."""
    # outer: (B,L). predictions, d_predictions: (B,L,H,W).
    # landmarks, d_landmarks: (B,L,2), float32. valid: (B,L), uint8, or None.
    image, n, at, x, y, known = load_own(landmarks, valid, scale, count, BLOCK_L)
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
            target = heatmap_tile(x, y, known, i, j, falloff)
            difference = tl.load(source, mask=inside, other=0.0).to(tl.float32) - target
            slope = 2 * (1 + peak_weight * target) * difference
            d_prediction = (u[:, None, None] * slope).to(d_predictions.dtype.element_ty)
            tl.store(d_predictions + i[None, :, None] * dh + j[None, None, :] * dw, d_prediction, mask=inside)
            if NEEDS_LANDMARKS:
                pull = tl.where(inside, (peak_weight * difference * difference - slope) * target, 0.0)
                to_x += pull * (j[None, :].to(tl.float32) - x[:, None])[:, None, :]
                to_y += pull * (i[None, :].to(tl.float32) - y[:, None])[:, :, None]
    if NEEDS_LANDMARKS:
        store_pull(d_landmarks, at, n < count, u * sum_pixels(to_x), u * sum_pixels(to_y), scale, falloff)


def _mse_backward(
    outer: Tensor, predictions: Tensor, landmarks: Tensor, valid: Tensor | None,
    scale: float, sigma: float, peak_weight: float, needs_landmarks: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return the gradients of predictions and landmarks; the latter is empty unless it is needed."""
    d_predictions, d_landmarks = _mse_backward_fake(
        outer, predictions, landmarks, valid, scale, sigma, peak_weight, needs_landmarks
    )
    batch, count, height, width = predictions.shape
    if predictions.numel():
        blocks = map_blocks(predictions)
        mse_backward_kernel[(batch * triton.cdiv(count, blocks["BLOCK_L"]),)](
            outer.contiguous(), predictions, landmarks.contiguous(), as_bytes(valid), d_predictions, d_landmarks,
            scale, falloff_of(sigma), peak_weight, count, height, width, *predictions.stride(), *d_predictions.stride(),
            NEEDS_LANDMARKS=needs_landmarks, **blocks, **LAUNCH,
        )  # fmt: skip
    return d_predictions, d_landmarks


def _mse_backward_fake(
    outer: Tensor, predictions: Tensor, landmarks: Tensor, valid: Tensor | None,
    scale: float, sigma: float, peak_weight: float, needs_landmarks: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    d_landmarks = landmarks.new_empty(landmarks.shape if needs_landmarks else (0,))
    return empty_like(predictions, predictions.shape), d_landmarks


def _save_predictions(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    predictions, landmarks, valid, ctx.scale, ctx.sigma, ctx.peak_weight = inputs
    ctx.save_for_backward(predictions, landmarks, valid)


def _mse_gradients(ctx: Any, backward: Callable[..., Any], outer: Tensor) -> tuple[Tensor | None, ...]:
    needs = ctx.needs_input_grad[1]
    d_predictions, d_landmarks = backward(outer, *ctx.saved_tensors, ctx.scale, ctx.sigma, ctx.peak_weight, needs)
    return d_predictions, d_landmarks if needs else None, None, None, None, None


_mse_op = register_op(
    "landmark_heatmap_mse", _mse, _mse_fake, _mse_backward, _mse_backward_fake,
    save=_save_predictions, gradients=_mse_gradients,
)  # fmt: skip


def landmark_heatmap_mse(
    predictions: Tensor, landmarks: Tensor, valid: Tensor | None, scale: float, sigma: float, peak_weight: float
) -> Tensor:
    """Compute `reference.landmark_heatmap_mse` of checked arguments by the kernels."""
    return _mse_op(predictions, landmarks.float(), valid, scale, sigma, peak_weight)
