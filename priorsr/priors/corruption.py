"""Corruptions of priors, to measure how errors in a prior affect a model. Every function returns a new `Prior`."""

from __future__ import annotations

from math import ceil
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from priorsr.containers import Prior
from priorsr.errors import OptionError
from priorsr.priors.landmark_conversion import draw_heatmaps
from priorsr.priors.landmark_schemes import all_valid

HEATMAP_SCALE = 4  # HR pixels in a heatmap pixel, as where models draw heatmaps of given landmarks


def shift(prior: Prior, right: float, down: float, size: int) -> Prior:
    """Shift all parts of a prior by HR pixels, as if the face were elsewhere in the image.

    size: side of the square HR image, in pixels; maps of another size are shifted in proportion, with bilinear
    interpolation. Pixels that enter from outside get the border's class in a parsing map, and 0 in heatmaps.
    """
    x, y = (2 * pixels / size for pixels in (right, down))  # grid_sample's image is 2 wide

    def moved(maps: Tensor | None, outside: Literal["border", "zeros"]) -> Tensor | None:
        if maps is None:
            return None
        whither = torch.tensor([[1.0, 0.0, -x], [0.0, 1.0, -y]], device=maps.device).expand(len(maps), 2, 3)
        grid = F.affine_grid(whither, list(maps.shape), align_corners=False)
        return F.grid_sample(maps.float(), grid, "bilinear", outside, align_corners=False)

    landmarks = prior.landmarks
    if landmarks is not None:
        landmarks = landmarks + landmarks.new_tensor([right, down])
    return Prior(moved(prior.parsing, "border"), landmarks, prior.valid, moved(prior.heatmaps, "zeros"))


def blur(prior: Prior, sigma: float, size: int) -> Prior:
    """Blur the maps of a prior by a Gaussian with a sigma in HR pixels.

    size: side of the square HR image, in pixels. Landmarks cannot be blurred, so they are first drawn as DIC's
    heatmaps, at a quarter of `size` with sigma 1. Classes stay probabilities; heatmaps keep their sum, not their peak.
    Raises OptionError for a sigma that is not above 0.
    """
    if not sigma > 0:
        raise OptionError(f"sigma is {sigma}; a number above 0 was expected")
    heatmaps = prior.heatmaps
    if heatmaps is None and prior.landmarks is not None:
        side = size // HEATMAP_SCALE
        heatmaps = draw_heatmaps(prior.landmarks, prior.valid, (side, side), scale=HEATMAP_SCALE)

    def blurred(maps: Tensor | None, outside: Literal["replicate", "constant"]) -> Tensor | None:
        return None if maps is None else _convolved(maps.float(), sigma * maps.shape[-1] / size, outside)

    return Prior(blurred(prior.parsing, "replicate"), heatmaps=blurred(heatmaps, "constant"))


def absent(prior: Prior) -> Prior:
    """Return a prior of the same shapes without information: uniform classes, no valid landmark, empty heatmaps."""
    parsing, landmarks, valid, heatmaps = prior
    if parsing is not None:
        parsing = torch.full_like(parsing, 1 / parsing.shape[1])
    if landmarks is not None:
        valid = torch.zeros_like(all_valid(landmarks, valid))
        landmarks = torch.zeros_like(landmarks)
    return Prior(parsing, landmarks, valid, None if heatmaps is None else torch.zeros_like(heatmaps))


def _convolved(maps: Tensor, sigma: float, outside: Literal["replicate", "constant"]) -> Tensor:
    """Convolve maps (B,C,h,w) with a Gaussian, `sigma` in the maps' pixels, cut off at 4 sigma."""
    reach = ceil(4 * sigma)
    weights = torch.exp(torch.arange(-reach, reach + 1, device=maps.device) ** 2 / (-2 * sigma**2))
    weights = weights / weights.sum()
    rows = maps.flatten(0, 1)[:, None]  # (B*C,1,h,w)
    rows = F.conv2d(F.pad(rows, (reach, reach, 0, 0), outside), weights[None, None, None])
    rows = F.conv2d(F.pad(rows, (0, 0, reach, reach), outside), weights[None, None, :, None])
    return rows.unflatten(0, maps.shape[:2])[:, :, 0]
