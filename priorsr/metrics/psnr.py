"""Peak signal-to-noise ratio."""

from __future__ import annotations

from torch import Tensor

from priorsr.metrics.colour import Colour
from priorsr.metrics.pairs import prepare


def psnr(sr: Tensor, hr: Tensor, *, colour: Colour = "rgb", border: int = 0) -> Tensor:
    """Return the PSNR in dB of each image: sr, hr (B,3,H,W) in [0, 1] -> (B,) float64, infinite for equal images.

    PSNR is 10 log10(1 / MSE), with the MSE over channels and pixels; nothing is clamped or rounded. It is computed in
    `colour` (see `to_colour`) without the outer `border` pixels. Raises as `check_pair` and `without_border`.
    """
    return psnr_of_mse(mse(*prepare(sr, hr, colour, border)))


def mse(sr: Tensor, hr: Tensor) -> Tensor:
    """Return the mean squared error of each image: planes (B,C,H,W) -> (B,)."""
    return (sr - hr).square().mean(dim=(1, 2, 3))


def psnr_of_mse(error: Tensor) -> Tensor:
    """Return the PSNR in dB of a mean squared error, for value range 1."""
    return -10 * error.log10()
