"""Multi-scale structural similarity (Wang, Simoncelli, Bovik, Asilomar 2003, equation 7)."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.errors import ShapeError
from priorsr.metrics.colour import Colour
from priorsr.metrics.pairs import check_pair
from priorsr.metrics.ssim import Centre, Window
from priorsr.metrics.views import View

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
    """Return the MS-SSIM of each image: sr, hr (B,3,H,W) in [0, 1] -> (B,) float64, 1 for equal images.

    The score is the product of contrast_i ** w_i over all scales but the last, and of ssim ** (last_scale_counted * w)
    at the last scale, which the paper counts once and PFSR's script four times. Images are halved between scales by 2 x
    2 averages. The window has min(`window`, side) pixels at each scale, since faces are smaller than the paper's
    images; `centre` defines the peak of an even window. Negative factors count as 0, since they have no real power.
    Scores are computed in `colour` (see `to_colour`) without the outer `border` pixels. Raises as `check_pair` and
    `without_border`, and ShapeError for an image too small to be halved so often.
    """
    check_pair(sr, hr)
    view = View(sr, hr, border=border)
    terms = ms_ssim_terms(view, colour, window, sigma, centre, k1, k2, len(weights))
    return ms_ssim_of_terms(terms, weights, last_scale_counted)


def ms_ssim_terms(
    view: View, colour: Colour, window: int, sigma: float, centre: Centre, k1: float, k2: float, scales: int
) -> Tensor:
    """Return the factors of each image's MS-SSIM, contrasts, then the last scale's SSIM: (B,scales)."""
    side = min(view.planes(colour)[0].shape[2:])
    smallest = 2 ** (scales - 1)
    if side < smallest:
        size = " x ".join(map(str, view.planes(colour)[0].shape[2:]))
        raise ShapeError(
            f"the images are {size} without their border; {scales} scales need at least {smallest} pixels a side"
        )
    windows = [Window(min(window, side >> scale), sigma, centre) for scale in range(scales)]
    pairs = [view.similarity(colour, fitting, k1, k2, scale) for scale, fitting in enumerate(windows)]
    return torch.stack([*(contrast for _, contrast in pairs[:-1]), pairs[-1][0]], dim=1)


def ms_ssim_of_terms(terms: Tensor, weights: tuple[float, ...], last_scale_counted: int) -> Tensor:
    """Return the MS-SSIM computed from its factors: (...,scales) -> (...)."""
    exponents = terms.new_tensor([*weights[:-1], last_scale_counted * weights[-1]])
    return terms.clamp(min=0).pow(exponents).prod(dim=-1)
