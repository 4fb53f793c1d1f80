"""MS-SSIM against its definition, spelled out with scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from priorsr.errors import ShapeError
from priorsr.metrics import ms_ssim
from priorsr.metrics.msssim import WEIGHTS


def maps(sr: np.ndarray, hr: np.ndarray, peak: float, side: int) -> tuple[float, float]:
    """Mean SSIM and contrast of two channels in [0, 1], in a two-dimensional window with its peak at `peak`."""
    taps = np.exp(-((np.arange(side) - peak) ** 2) / 4.5)
    window = np.outer(taps, taps) / taps.sum() ** 2

    def mean(x: np.ndarray) -> np.ndarray:
        return correlate2d(x, window, mode="valid")

    mean_sr, mean_hr = mean(sr), mean(hr)
    var_sr, var_hr = mean(sr**2) - mean_sr**2, mean(hr**2) - mean_hr**2
    contrast = (2 * (mean(sr * hr) - mean_sr * mean_hr) + 0.03**2) / (var_sr + var_hr + 0.03**2)
    luminance = (2 * mean_sr * mean_hr + 0.01**2) / (mean_sr**2 + mean_hr**2 + 0.01**2)
    return (luminance * contrast).mean(), contrast.mean()


def spelled_out(sr: np.ndarray, hr: np.ndarray, last_scale_counted: int, even_peak: float) -> float:
    """MS-SSIM of (3,H,W) images in [0, 1], sides a power of two; `even_peak` is added to half an even window's side."""
    result = 1.0
    for scale, weight in enumerate(WEIGHTS):
        side = min(11, sr.shape[1])
        peak = 5 if side == 11 else side / 2 + even_peak
        similarity, contrast = np.mean([maps(a, b, peak, side) for a, b in zip(sr, hr, strict=True)], axis=0)
        result *= contrast**weight if scale < 4 else similarity ** (weight * last_scale_counted)
        shape = (3, sr.shape[1] // 2, 2, sr.shape[2] // 2, 2)
        sr, hr = sr.reshape(shape).mean(axis=(2, 4)), hr.reshape(shape).mean(axis=(2, 4))
    return result


@pytest.mark.parametrize(("counted", "centre", "even_peak"), [(1, "middle", -0.5), (4, "pixel", 0.0)])
def test_spelled_out(rough_pair, counted, centre, even_peak):
    sr, hr = (images[:2].double() for images in rough_pair)
    expected = [spelled_out(a.numpy(), b.numpy(), counted, even_peak) for a, b in zip(sr, hr, strict=True)]
    result = ms_ssim(sr, hr, last_scale_counted=counted, centre=centre)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12)


def test_variants_differ(pair):
    plain = ms_ssim(*pair)
    assert (ms_ssim(*pair, last_scale_counted=4) < plain - 1e-5).all()
    assert (ms_ssim(*pair, centre="pixel") - plain).abs().min() > 1e-7


def test_equal_images(pair):
    assert ms_ssim(pair[1], pair[1]).tolist() == pytest.approx([1] * 5, abs=1e-12)


def test_each_image_by_itself(pair):
    sr, hr = pair
    singly = torch.cat([ms_ssim(a[None], b[None]) for a, b in zip(sr, hr, strict=True)])
    assert torch.allclose(ms_ssim(sr, hr), singly, rtol=0, atol=1e-13)
    assert (ms_ssim(sr.roll(1, 0), hr) < singly).all()


def test_negative_contrast_counts_as_nothing(pair):
    assert ms_ssim(1 - pair[1], pair[1]).tolist() == [0] * 5


def test_too_small_to_halve():
    with pytest.raises(ShapeError, match="15 x 20 without their border; 5 scales need at least 16 pixels"):
        ms_ssim(torch.zeros(1, 3, 15, 20), torch.zeros(1, 3, 15, 20))
