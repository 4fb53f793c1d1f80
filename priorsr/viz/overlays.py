"""Overlays: a prior drawn over its face."""

from __future__ import annotations

import torch
from torch import Tensor

_MARK = (0.1, 1.0, 0.3)  # a green that does not occur in faces


def draw_landmarks(images: Tensor, landmarks: Tensor, valid: Tensor | None = None) -> Tensor:
    """Mark landmarks (B,L,2), (x, y) in pixels of the images, as single pixels on images (B,3,H,W), RGB in [0, 1].

    Landmarks that are not `valid` (B,L), or lie outside, are left out. Returns new images.
    """
    drawn = images.clone()
    height, width = images.shape[-2:]
    for face, points in enumerate(landmarks):
        known = points if valid is None else points[valid[face]]
        x, y = known.round().long().unbind(-1)
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        drawn[face, :, y[inside], x[inside]] = torch.tensor(_MARK).to(drawn)[:, None]
    return drawn
