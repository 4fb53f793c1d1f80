"""PFSR's losses on landmark heatmaps: pixels near facial landmarks count more."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from priorsr.execution.half import wide
from priorsr.shapes import check_batch, check_map, check_same


def normalised_heatmaps(heatmaps: Tensor) -> Tensor:
    """Scale each image's heatmaps to [0, 1] by their minimum and maximum over landmarks and pixels together.

    Shapes: (B,L,h,w) -> (B,L,h,w), in float32 at least; constant maps become 0. Wrong shapes raise ShapeError.
    Range: unbounded -> [0, 1]; the gradient flows through minimum and maximum.
    Source: PFSR (BMVC 2019).
    """
    check_map(heatmaps, None, "heatmap normalisation", "heatmaps")
    heatmaps = wide(heatmaps)
    return _stretched(heatmaps, heatmaps.amin((1, 2, 3), keepdim=True))


def facial_attention_loss(sr: Tensor, hr: Tensor, hr_heatmaps: Tensor) -> Tensor:
    """Return the L1 distance weighted by an attention map: at each pixel, the largest of hr's normalised heatmaps.

    Shapes: sr and hr (B,3,H,W), the same; hr_heatmaps (B,L,h,w) as estimated, resized bilinearly if h x w is not H x W
        -> a scalar. Wrong shapes raise ShapeError.
    Range: images in [0, 1]; the loss lies in [0, inf), in float32 at least. hr_heatmaps are detached.
    Source: PFSR (BMVC 2019), the facial attention loss.
    """
    check_same(sr, hr, "facial attention loss", "sr and hr")
    check_batch(hr, hr_heatmaps, "facial attention loss", "hr and hr_heatmaps")
    check_map(hr_heatmaps, None, "facial attention loss", "hr_heatmaps")
    heatmaps = wide(hr_heatmaps.detach())
    # The largest of the normalised maps is the largest map, normalised: all of them are never stored.
    attention = _stretched(heatmaps.amax(1, keepdim=True), heatmaps.amin((1, 2, 3), keepdim=True))  # (B,1,h,w)
    if attention.shape[2:] != hr.shape[2:]:
        attention = F.interpolate(attention, hr.shape[2:], mode="bilinear", antialias=True)
    return (attention * (wide(sr) - wide(hr)).abs()).mean()


def heatmap_loss(sr_heatmaps: Tensor, hr_heatmaps: Tensor) -> Tensor:
    """Return the mean squared difference of the normalised heatmaps that an estimator returns for sr and for hr.

    Shapes: both (B,L,h,w) -> a scalar. Wrong shapes raise ShapeError.
    Range: heatmaps unbounded; the loss lies in [0, 1], in float32 at least. hr_heatmaps are detached.
    Source: PFSR (BMVC 2019), the heatmap loss. Departure: each argument is normalised by its own minimum; the surviving
        training script uses hr's minimum for both, by mistake.
    """
    check_same(sr_heatmaps, hr_heatmaps, "heatmap loss", "sr_heatmaps and hr_heatmaps")
    return F.mse_loss(normalised_heatmaps(sr_heatmaps), normalised_heatmaps(hr_heatmaps.detach()))


def _stretched(maps: Tensor, low: Tensor) -> Tensor:
    """Scale each image's maps to [0, 1], from `low` to their maximum."""
    return (maps - low) / (maps.amax((1, 2, 3), keepdim=True) - low).clamp(min=1e-8)
