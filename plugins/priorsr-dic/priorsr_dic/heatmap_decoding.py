"""Decoding of heatmaps to landmarks."""

from __future__ import annotations

import torch
from torch import Tensor

TRACE = 1e-4  # least value before a logarithm


@torch.no_grad()
def decode_heatmaps(heatmaps: Tensor, *, scale: float, threshold: float) -> tuple[Tensor, Tensor]:
    """Decode heatmaps (B,L,h,w): landmarks (B,L,2) float32, (x, y) in HR pixels, and valid (B,L) bool.

    scale: HR pixels in one heatmap pixel. threshold: least heatmap maximum of a valid landmark.

    A landmark is the position of the largest pixel, moved along each axis by at most half a pixel to the vertex of the
    parabola through the logarithms of that pixel and its two neighbours (Zhang et al., "Distribution-aware coordinate
    representation", CVPR 2020, one axis at a time). This is exact for the Gaussians that hourglasses are trained on. A
    largest pixel at the border is not moved across it.
    """
    maps = heatmaps.float().flatten(2)  # (B,L,h*w)
    height, width = heatmaps.shape[2:]
    peak, place = maps.max(2)
    y, x = place // width, place % width

    def log_at(dx: int, dy: int) -> Tensor:
        index = (y + dy).clamp(0, height - 1) * width + (x + dx).clamp(0, width - 1)
        return maps.gather(2, index[..., None])[..., 0].clamp(min=TRACE).log()

    def top(before: Tensor, after: Tensor) -> Tensor:
        """Return the vertex of the parabola through three points a pixel apart, the middle one the highest."""
        return (after - before) / (2 * (2 * log_at(0, 0) - before - after)).clamp(min=TRACE)

    x_offset = torch.where((x == 0) | (x == width - 1), 0.0, top(log_at(-1, 0), log_at(1, 0)))
    y_offset = torch.where((y == 0) | (y == height - 1), 0.0, top(log_at(0, -1), log_at(0, 1)))
    return torch.stack([x + x_offset, y + y_offset], -1) * scale, peak >= threshold
