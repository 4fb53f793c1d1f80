"""Landmarks' heatmaps, drawn or reduced, as operators of torch: how their kernels are launched and differentiated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import triton
from torch import Tensor

from priorsr.kernels.landmark_heatmap import kernels
from priorsr.kernels.layout import channels_innermost, empty_like
from priorsr.kernels.registration import LAUNCH, register_op


def _tile(height: int, width: int, values: int) -> dict[str, int]:
    """So many values of a map, long along its rows."""
    block_w = min(triton.next_power_of_2(width), values, 128)
    return {"BLOCK_H": min(triton.next_power_of_2(height), values // block_w), "BLOCK_W": block_w}


def _map_blocks(maps: Tensor) -> dict[str, int]:
    """Return how many whole maps a program takes: those that lie side by side in memory and fill a sector."""
    height, width = maps.shape[2:]
    if channels_innermost(maps):
        return {"BLOCK_L": 16, **_tile(height, width, 64), "num_warps": 8}
    return {"BLOCK_L": 1, **_tile(height, width, 1024)}


def _draw(landmarks: Tensor, valid: Tensor | None, height: int, width: int, scale: float, sigma: float) -> Tensor:
    maps = _draw_fake(landmarks, valid, height, width, scale, sigma)
    if maps.numel():
        tile = _tile(height, width, 2048)
        grid = (maps.shape[0] * maps.shape[1] * _tiles(height, width, tile),)
        kernels.draw_kernel[grid](
            landmarks.contiguous(), _bytes(valid), maps, scale, _falloff(sigma), height, width, **tile, **LAUNCH
        )
    return maps


def _draw_fake(landmarks: Tensor, valid: Tensor | None, height: int, width: int, scale: float, sigma: float) -> Tensor:
    return landmarks.new_empty((*landmarks.shape[:2], height, width), dtype=torch.float32)


def _draw_backward(outer: Tensor, landmarks: Tensor, valid: Tensor | None, scale: float, sigma: float) -> Tensor:
    if not outer.numel():
        return torch.zeros_like(landmarks, memory_format=torch.contiguous_format)
    d_landmarks = _draw_backward_fake(outer, landmarks, valid, scale, sigma)
    batch, count, height, width = outer.shape
    blocks = _map_blocks(outer)
    kernels.pull_kernel[(batch * triton.cdiv(count, blocks["BLOCK_L"]),)](
        outer, landmarks.contiguous(), _bytes(valid), d_landmarks, scale, _falloff(sigma), count, height, width,
        *outer.stride(), **blocks, **LAUNCH,
    )  # fmt: skip
    return d_landmarks


def _draw_backward_fake(outer: Tensor, landmarks: Tensor, valid: Tensor | None, scale: float, sigma: float) -> Tensor:
    return torch.empty_like(landmarks, memory_format=torch.contiguous_format)


def _max(landmarks: Tensor, valid: Tensor | None, height: int, width: int, scale: float, sigma: float) -> Tensor:
    attention = _max_fake(landmarks, valid, height, width, scale, sigma)
    if attention.numel():
        tile = _tile(height, width, 1024)
        grid = (attention.shape[0] * _tiles(height, width, tile),)
        kernels.max_kernel[grid](
            landmarks.contiguous(), _bytes(valid), attention, scale, _falloff(sigma), landmarks.shape[1], height, width,
            **tile, **LAUNCH,
        )  # fmt: skip
    return attention


def _max_fake(landmarks: Tensor, valid: Tensor | None, height: int, width: int, scale: float, sigma: float) -> Tensor:
    return landmarks.new_empty((landmarks.shape[0], 1, height, width), dtype=torch.float32)


def _max_backward(outer: Tensor, landmarks: Tensor, valid: Tensor | None, scale: float, sigma: float) -> Tensor:
    batch, count = landmarks.shape[:2]
    height, width = outer.shape[2:]
    tile = _tile(height, width, 8192)  # large, since each leaves a part for every landmark
    warps = max(4, tile["BLOCK_H"] * tile["BLOCK_W"] // 512)
    tiles = _tiles(height, width, tile)
    parts = landmarks.new_empty((batch, tiles, count, 2))
    if parts.numel():
        kernels.max_backward_kernel[(batch * tiles,)](
            outer, landmarks.contiguous(), _bytes(valid), parts, scale, _falloff(sigma), count, height, width,
            outer.stride(0), outer.stride(2), outer.stride(3), **tile, num_warps=warps, enable_fp_fusion=False,
        )  # fmt: skip
    return parts.sum(1)  # in order, so that the same gradient comes out each time


def _mse(
    predictions: Tensor, landmarks: Tensor, valid: Tensor | None, scale: float, sigma: float, peak_weight: float
) -> Tensor:
    errors = _mse_fake(predictions, landmarks, valid, scale, sigma, peak_weight)
    batch, count, height, width = predictions.shape
    if errors.numel():
        blocks = _map_blocks(predictions)
        kernels.mse_kernel[(batch * triton.cdiv(count, blocks["BLOCK_L"]),)](
            predictions, landmarks.contiguous(), _bytes(valid), errors, scale, _falloff(sigma), peak_weight,
            count, height, width, *predictions.stride(), **blocks, **LAUNCH,
        )  # fmt: skip
    return errors


def _mse_fake(
    predictions: Tensor, landmarks: Tensor, valid: Tensor | None, scale: float, sigma: float, peak_weight: float
) -> Tensor:
    return landmarks.new_empty(landmarks.shape[:2])


def _mse_backward(
    outer: Tensor,
    predictions: Tensor,
    landmarks: Tensor,
    valid: Tensor | None,
    scale: float,
    sigma: float,
    peak_weight: float,
    needs_landmarks: bool,
) -> tuple[Tensor, Tensor]:
    """Return the gradients of predictions and landmarks; the latter is empty unless it is needed."""
    d_predictions, d_landmarks = _mse_backward_fake(
        outer, predictions, landmarks, valid, scale, sigma, peak_weight, needs_landmarks
    )
    batch, count, height, width = predictions.shape
    if predictions.numel():
        blocks = _map_blocks(predictions)
        kernels.mse_backward_kernel[(batch * triton.cdiv(count, blocks["BLOCK_L"]),)](
            outer.contiguous(), predictions, landmarks.contiguous(), _bytes(valid), d_predictions, d_landmarks,
            scale, _falloff(sigma), peak_weight, count, height, width, *predictions.stride(), *d_predictions.stride(),
            NEEDS_LANDMARKS=needs_landmarks, **blocks, **LAUNCH,
        )  # fmt: skip
    return d_predictions, d_landmarks


def _mse_backward_fake(
    outer: Tensor,
    predictions: Tensor,
    landmarks: Tensor,
    valid: Tensor | None,
    scale: float,
    sigma: float,
    peak_weight: float,
    needs_landmarks: bool,
) -> tuple[Tensor, Tensor]:
    d_landmarks = landmarks.new_empty(landmarks.shape if needs_landmarks else (0,))
    return empty_like(predictions, predictions.shape), d_landmarks


def _tiles(height: int, width: int, tile: dict[str, int]) -> int:
    return triton.cdiv(height, tile["BLOCK_H"]) * triton.cdiv(width, tile["BLOCK_W"])


def _falloff(sigma: float) -> float:
    """Return the factor of a squared distance in the exponent."""
    return 1 / (2 * sigma**2)


def _bytes(valid: Tensor | None) -> Tensor | None:
    return None if valid is None else valid.contiguous().view(torch.uint8)


def _save_landmarks(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    landmarks, valid, _, _, ctx.scale, ctx.sigma = inputs
    ctx.save_for_backward(landmarks, valid)


def _landmarks_gradient(ctx: Any, backward: Callable[..., Tensor], outer: Tensor) -> tuple[Tensor | None, ...]:
    landmarks, valid = ctx.saved_tensors
    return backward(outer, landmarks, valid, ctx.scale, ctx.sigma), None, None, None, None, None


def _save_predictions(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    predictions, landmarks, valid, ctx.scale, ctx.sigma, ctx.peak_weight = inputs
    ctx.save_for_backward(predictions, landmarks, valid)


def _mse_gradients(ctx: Any, backward: Callable[..., Any], outer: Tensor) -> tuple[Tensor | None, ...]:
    needs = ctx.needs_input_grad[1]
    d_predictions, d_landmarks = backward(outer, *ctx.saved_tensors, ctx.scale, ctx.sigma, ctx.peak_weight, needs)
    return d_predictions, d_landmarks if needs else None, None, None, None, None


_draw_op = register_op(
    "landmark_heatmap", _draw, _draw_fake, _draw_backward, _draw_backward_fake,
    save=_save_landmarks, gradients=_landmarks_gradient,
)  # fmt: skip
_max_op = register_op(
    "landmark_heatmap_max", _max, _max_fake, _max_backward, _draw_backward_fake,
    save=_save_landmarks, gradients=_landmarks_gradient,
)  # fmt: skip
_mse_op = register_op(
    "landmark_heatmap_mse", _mse, _mse_fake, _mse_backward, _mse_backward_fake,
    save=_save_predictions, gradients=_mse_gradients,
)  # fmt: skip


def landmark_heatmap(
    landmarks: Tensor, valid: Tensor | None, size: tuple[int, int], scale: float, sigma: float
) -> Tensor:
    """`reference.landmark_heatmap` of checked arguments."""
    return _draw_op(landmarks.float(), valid, *size, scale, sigma)


def landmark_heatmap_max(
    landmarks: Tensor, valid: Tensor | None, size: tuple[int, int], scale: float, sigma: float
) -> Tensor:
    """`reference.landmark_heatmap_max` of checked arguments."""
    return _max_op(landmarks.float(), valid, *size, scale, sigma)


def landmark_heatmap_mse(
    predictions: Tensor, landmarks: Tensor, valid: Tensor | None, scale: float, sigma: float, peak_weight: float
) -> Tensor:
    """`reference.landmark_heatmap_mse` of checked arguments."""
    return _mse_op(predictions, landmarks.float(), valid, scale, sigma, peak_weight)
