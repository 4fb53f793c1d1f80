"""Structural similarity (Wang et al., IEEE TIP 2004, equations 13 and 14)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
from torch import Tensor

from priorsr.errors import ShapeError
from priorsr.metrics.colour import Colour
from priorsr.metrics.pairs import prepare

Centre = Literal["middle", "pixel"]

_SMALL = 64  # pixels a side


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
    """Return the SSIM of each image: sr, hr (B,3,H,W) in [0, 1] -> (B,) float64, 1 for equal images.

    SSIM has Gaussian windows of `window` x `window` pixels, wholly inside the image, biased (co)variances and value
    range 1, and is averaged over windows and channels. It is computed in `colour` (see `to_colour`) without the outer
    `border` pixels. Raises as `check_pair` and `without_border`, and ShapeError if the window does not fit.
    """
    similarity, _ = ssim_and_contrast(*prepare(sr, hr, colour, border), Window(window, sigma), k1, k2)
    return similarity


@dataclass(frozen=True)
class Window:
    """The weights of an SSIM along each axis: a Gaussian of `side` pixels, or equal weights where sigma is None.

    centre: see `gaussian`. unbiased: divide the (co)variances by n - 1 for a window of n pixels, scikit-image's
    default.
    """

    side: int
    sigma: float | None
    centre: Centre = "middle"
    unbiased: bool = False

    def __post_init__(self) -> None:
        if self.side % 2:  # both centres are the same pixel, so that equal windows compare equal
            object.__setattr__(self, "centre", "middle")

    @property
    def weights(self) -> Tensor:
        """Return the weights (side,), float64, of sum 1."""
        if self.sigma is None:
            return torch.full((self.side,), 1 / self.side, dtype=torch.float64)
        return gaussian(self.side, self.sigma, self.centre)


def gaussian(side: int, sigma: float, centre: Centre = "middle") -> Tensor:
    """Return a Gaussian window (side,), float64, of sum 1; `pixel` centres an even one on pixel side // 2."""
    at = (side - 1) / 2 if centre == "middle" else side // 2
    weights = torch.exp(-((torch.arange(side, dtype=torch.float64) - at) ** 2) / (2 * sigma**2))
    return weights / weights.sum()


def ssim_and_contrast(sr: Tensor, hr: Tensor, window: Window, k1: float, k2: float) -> tuple[Tensor, Tensor]:
    """Return SSIM and its contrast-structure factor of each image: planes (B,C,H,W) -> (B,) and (B,)."""
    if window.side > min(sr.shape[2:]):
        size = f"{sr.shape[2]} x {sr.shape[3]}"
        raise ShapeError(
            f"the images are {size} without their border; at least the window's {window.side} pixels were expected"
        )
    pixels = window.side**2
    c1, c2 = k1**2, k2**2 * ((pixels - 1) / pixels if window.unbiased else 1.0)
    # The means of 2 x y + c2 and x^2 + y^2 + c2: a weighted mean leaves the constants as they are.
    moments = torch.stack([sr, hr, (sr * hr).mul_(2).add_(c2), torch.addcmul(sr.square(), hr, hr).add_(c2)])
    mean_sr, mean_hr, mean_product, mean_squares = blur(blur(moments, window, -1), window, -2)
    product, squares = mean_sr * mean_hr, torch.addcmul(mean_sr.square(), mean_hr, mean_hr)
    contrast = torch.sub(mean_product, product, alpha=2) / (mean_squares - squares)
    similarity = contrast * torch.add(2 * product, c1) / torch.add(squares, c1)
    return similarity.flatten(1).mean(1), contrast.flatten(1).mean(1)


def blur(x: Tensor, window: Window, dim: Literal[-1, -2]) -> Tensor:
    """Correlate with the window's weights along `dim`, valid places only.

    Computed by a banded matrix if it is small, else as a sum of shifted slices, which stays in the cache: in float64 on
    a CPU 100 times faster than conv2d.
    """
    side = x.shape[dim]
    if side <= _SMALL:
        matrix = _matrix(window, side).to(x)
        return matrix @ x if dim == -2 else x @ matrix.T
    length = side - window.side + 1
    shifted = x.unfold(dim, length, 1).movedim(-1, dim).unbind(dim - 1)
    (first, start), *rest = zip(shifted, window.weights.tolist(), strict=True)
    total = first * start
    for part, weight in rest:
        total.add_(part, alpha=weight)
    return total


@cache
@torch.inference_mode(False)  # or a first call in inference mode would cache a matrix without gradients
def _matrix(window: Window, side: int) -> Tensor:
    """Return the (side - window.side + 1, side) matrix whose rows are the window's weights, shifted pixel by pixel."""
    matrix = torch.zeros(side - window.side + 1, side, dtype=torch.float64)
    for row in range(len(matrix)):
        matrix[row, row : row + window.side] = window.weights
    return matrix
