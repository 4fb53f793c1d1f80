"""Heatmaps drawn from landmarks."""

from __future__ import annotations

from torch import Tensor

from priorsr.kernels import landmark_heatmap


def draw_heatmaps(
    landmarks: Tensor, valid: Tensor | None, size: tuple[int, int], scale: float, sigma: float = 1.0
) -> Tensor:
    """Heatmaps (B,L,h,w) of landmarks (B,L,2) in HR pixels, `scale` HR pixels to a heatmap pixel.

    See `priorsr.kernels.landmark_heatmap`.
    """
    return landmark_heatmap(landmarks, valid, size, scale=scale, sigma=sigma)
