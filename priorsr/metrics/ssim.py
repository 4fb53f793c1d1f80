"""Structural similarity (Wang et al., IEEE TIP 2004, equations 13 and 14)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from priorsr.errors import ShapeError
from priorsr.metrics.colour import Colour
from priorsr.metrics.pairs import prepare

Centre = Literal["middle", "pixel"]


def ssim(
    sr: Tensor,
    hr: Tensor,
    *,
    colour: Colour = "rgb",
    border: int = 0,
    window: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Tensor:
    """SSIM of each image: sr, hr (B,3,H,W) in [0, 1] -> (B,) float64, 1 for equal images.

    Gaussian windows of `window` pixels a side that lie wholly inside the image, biased (co)variances, value range 1,
    mean over windows and channels. Compute in `colour` (see `to_colour`) without the outer `border` pixels.
    Raises as `check_pair` and `planes`, and ShapeError if the window does not fit.
    """
    similarity, _ = ssim_and_contrast(*prepare(sr, hr, colour, border), gaussian(window, sigma), k1, k2)
    return similarity


def gaussian(side: int, sigma: float, centre: Centre = "middle") -> Tensor:
    """A Gaussian window (side,), float64, of sum 1; `pixel` puts the centre of an even one on the pixel side // 2."""
    at = (side - 1) / 2 if centre == "middle" else side // 2
    weights = torch.exp(-((torch.arange(side, dtype=torch.float64) - at) ** 2) / (2 * sigma**2))
    return weights / weights.sum()


def ssim_and_contrast(sr: Tensor, hr: Tensor, window: Tensor, k1: float, k2: float) -> tuple[Tensor, Tensor]:
    """SSIM, and its contrast-structure factor alone, of each image: planes (B,C,H,W), window (n,) -> two times (B,)."""
    if len(window) > min(sr.shape[2:]):
        size = f"{sr.shape[2]} x {sr.shape[3]}"
        raise ShapeError(
            f"the images are {size} without their border; at least the window's {len(window)} pixels were expected"
        )
    moments = torch.stack([sr, hr, sr.square() + hr.square(), sr * hr])
    mean_sr, mean_hr, mean_squares, mean_product = blur(blur(moments, window, -1), window, -2)
    product, squares = mean_sr * mean_hr, mean_sr.square() + mean_hr.square()
    contrast = (2 * (mean_product - product) + k2**2) / (mean_squares - squares + k2**2)
    similarity = contrast * (2 * product + k1**2) / (squares + k1**2)
    return similarity.mean(dim=(1, 2, 3)), contrast.mean(dim=(1, 2, 3))


def blur(x: Tensor, window: Tensor, dim: int) -> Tensor:
    """Correlate with `window` along `dim`, valid places only.

    A sum of shifted slices: in float64 on CPU 100 times faster than conv2d, and the same for any size of batch.
    """
    length = x.shape[dim] - len(window) + 1
    first, *rest = window.tolist()
    total = x.narrow(dim, 0, length) * first
    for shift, weight in enumerate(rest, start=1):
        total.add_(x.narrow(dim, shift, length), alpha=weight)
    return total
