"""The definition of a landmark's heatmap, in ordinary torch."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.errors import OptionError, ShapeError


def landmark_heatmap(
    landmarks: Tensor, valid: Tensor | None, size: tuple[int, int], *, scale: float, sigma: float = 1.0
) -> Tensor:
    """Draw a Gaussian for every landmark.

    landmarks: (B,L,2), (x, y) in HR pixels. valid: (B,L) bool, or None if all are; a landmark that is not valid has a
        map of zeros and takes no gradient, whatever its coordinates hold.
    size: (h, w) of the maps. scale: HR pixels in one heatmap pixel (4 for maps of 32 x 32 of a face of 128 x 128).
    sigma: in heatmap pixels.

    Returns float32 (B,L,h,w), under autocast too: exp(-d^2 / (2 sigma^2)), where d is the distance to (x, y) / scale in
    heatmap pixels. The peak is 1 and lies between pixels if the landmark does; nothing is rounded or truncated.
    Differentiable with respect to `landmarks`. Raises ShapeError and OptionError.

    Source: DIC's targets (Ma et al., CVPR 2020), with scale = 4 and sigma = 1.
    """
    if landmarks.ndim != 3 or landmarks.shape[2] != 2:
        raise ShapeError(f"the landmarks have shape {tuple(landmarks.shape)}; (B, L, 2) was expected")
    if valid is not None and valid.shape != landmarks.shape[:2]:
        raise ShapeError(
            f"`valid` has shape {tuple(valid.shape)}; {tuple(landmarks.shape[:2])} was expected, a value a landmark"
        )
    if not (sigma > 0 and scale > 0):
        raise OptionError(f"heatmaps were asked for with sigma={sigma} and scale={scale}; both must be positive")
    known = torch.ones_like(landmarks[..., 0], dtype=torch.bool) if valid is None else valid
    centres = torch.where(known[..., None], landmarks.float() / scale, 0.0)  # a NaN would spoil the others' gradient
    rows, columns = (
        torch.exp((torch.arange(side, device=centres.device) - centre[..., None]) ** 2 / (-2 * sigma**2))
        for side, centre in zip(size, (centres[..., 1], centres[..., 0]), strict=True)
    )
    rows = rows * known[..., None]
    return rows[..., :, None] * columns[..., None, :]  # (B,L,h,1) * (B,L,1,w): a Gaussian is a product
