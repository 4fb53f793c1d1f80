"""Multi-scale structural similarity (Wang, Simoncelli, Bovik, Asilomar 2003, equation 7)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from priorsr.errors import ShapeError
from priorsr.metrics.colour import Colour
from priorsr.metrics.pairs import prepare
from priorsr.metrics.ssim import Centre, gaussian, ssim_and_contrast

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""The exponents of the scales, finest first, from the paper's experiment."""


def ms_ssim(
    sr: Tensor,
    hr: Tensor,
    *,
    colour: Colour = "rgb",
    border: int = 0,
    window: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    weights: tuple[float, ...] = WEIGHTS,
    last_scale_counted: int = 1,
    centre: Centre = "middle",
) -> Tensor:
    """MS-SSIM of each image: sr, hr (B,3,H,W) in [0, 1] -> (B,) float64, 1 for equal images.

    The product of contrast_i ** w_i over all scales but the last, and of ssim ** (last_scale_counted * w) at the last,
    where the paper counts it once and PFSR's script four times. Between scales, 2 x 2 averages. Faces are smaller than
    the paper's images, so the window is min(`window`, side) at each scale; `centre` says where an even one has its
    peak. A factor below 0, which has no power, counts as 0. Compute in `colour` (see `to_colour`) without the outer
    `border` pixels. Raises as `check_pair` and `planes`, and ShapeError if an image is too small to be halved so often.
    """
    terms = ms_ssim_terms(*prepare(sr, hr, colour, border), window, sigma, k1, k2, len(weights), centre)
    return ms_ssim_of_terms(terms, weights, last_scale_counted)


def ms_ssim_terms(
    sr: Tensor, hr: Tensor, window: int, sigma: float, k1: float, k2: float, scales: int, centre: Centre
) -> Tensor:
    """The factors of each image's MS-SSIM: planes (B,C,H,W) -> (B,scales), contrasts, then the last scale's SSIM."""
    smallest = 2 ** (scales - 1)
    if min(sr.shape[2:]) < smallest:
        size = f"{sr.shape[2]} x {sr.shape[3]}"
        raise ShapeError(
            f"the images are {size} without their border; {scales} scales need at least {smallest} pixels a side"
        )
    terms = []
    for scale in range(scales):
        weights = gaussian(min(window, *sr.shape[2:]), sigma, centre)
        similarity, contrast = ssim_and_contrast(sr, hr, weights, k1, k2)
        terms.append(contrast if scale < scales - 1 else similarity)
        if scale < scales - 1:
            sr, hr = F.avg_pool2d(sr, 2), F.avg_pool2d(hr, 2)
    return torch.stack(terms, dim=1)


def ms_ssim_of_terms(terms: Tensor, weights: tuple[float, ...], last_scale_counted: int) -> Tensor:
    """The MS-SSIM of its factors (...,scales) -> (...)."""
    exponents = terms.new_tensor([*weights[:-1], last_scale_counted * weights[-1]])
    return terms.clamp(min=0).pow(exponents).prod(dim=-1)
