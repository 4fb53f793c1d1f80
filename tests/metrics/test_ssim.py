"""SSIM against scikit-image and its definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from priorsr.errors import ShapeError
from priorsr.metrics import ssim
from priorsr.metrics.ssim import Window, blur, gaussian


def scikit_image_ssim(sr: np.ndarray, hr: np.ndarray) -> float:
    """SSIM of two channels on 0..255, whole windows only."""
    _, similarity = structural_similarity(
        sr, hr, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    return similarity[5:-5, 5:-5].mean()


def test_rgb_against_scikit_image(pictures, pair):
    sr, hr = (images.astype(float) for images in pictures)
    expected = [
        np.mean([scikit_image_ssim(a[..., c], b[..., c]) for c in range(3)]) for a, b in zip(sr, hr, strict=True)
    ]
    np.testing.assert_allclose(ssim(*pair), expected, rtol=0, atol=1e-7)


def test_y_against_scikit_image(pictures, pair):
    sr, hr = (np.dot(images[:, 8:-8, 8:-8] / 255, [65.481, 128.553, 24.966]) + 16 for images in pictures)
    expected = [scikit_image_ssim(a, b) for a, b in zip(sr, hr, strict=True)]
    np.testing.assert_allclose(ssim(*pair, colour="y", border=8), expected, rtol=0, atol=1e-7)


def test_options_against_one_window():
    """An image as large as the window is one window: the equations, spelled out."""
    rng = np.random.default_rng(3)
    sr, hr = rng.random((2, 7, 7))
    taps = np.exp(-((np.arange(7) - 3) ** 2) / (2 * 2.0**2))
    weights = np.outer(taps, taps) / taps.sum() ** 2
    mean_sr, mean_hr = (weights * sr).sum(), (weights * hr).sum()
    variances = (weights * (sr - mean_sr) ** 2).sum() + (weights * (hr - mean_hr) ** 2).sum()
    covariance = (weights * (sr - mean_sr) * (hr - mean_hr)).sum()
    c1, c2 = 0.02**2, 0.05**2
    expected = (2 * mean_sr * mean_hr + c1) * (2 * covariance + c2)
    expected /= (mean_sr**2 + mean_hr**2 + c1) * (variances + c2)
    images = (torch.from_numpy(x).expand(1, 3, 7, 7) for x in (sr, hr))
    assert ssim(*images, window=7, sigma=2.0, k1=0.02, k2=0.05).item() == pytest.approx(expected, abs=1e-12)


def test_gaussian():
    assert gaussian(11, 1.5).sum().item() == pytest.approx(1)
    assert torch.equal(gaussian(8, 1.5), gaussian(8, 1.5).flip(0))
    off_centre = gaussian(8, 1.5, "pixel")
    assert off_centre.argmax() == 4
    assert torch.allclose(off_centre[1:], off_centre[1:].flip(0))


def test_blur_is_a_correlation():
    """By the banded matrix that small sides take, and by the shifted slices of large ones."""
    window = Window(4, 1.5, "pixel")
    taps = window.weights
    for side in (9, 90):
        x = torch.rand(2, side, side + 1, dtype=torch.float64)
        down = torch.stack([(x[:, i : i + 4] * taps[:, None]).sum(1) for i in range(side - 3)], 1)
        along = torch.stack([(x[..., i : i + 4] * taps).sum(2) for i in range(side - 2)], 2)
        torch.testing.assert_close(blur(x, window, -2), down, rtol=0, atol=1e-14)
        torch.testing.assert_close(blur(x, window, -1), along, rtol=0, atol=1e-14)


def test_windows():
    assert Window(7, None).weights.tolist() == [1 / 7] * 7
    assert Window(11, 1.5, "pixel") == Window(11, 1.5)  # an odd window has one centre
    assert Window(8, 1.5, "pixel") != Window(8, 1.5)


def test_equal_images(pair):
    assert ssim(pair[1], pair[1]).tolist() == pytest.approx([1] * 5, abs=1e-12)


def test_each_image_by_itself(pair):
    sr, hr = pair
    singly = torch.cat([ssim(a[None], b[None]) for a, b in zip(sr, hr, strict=True)])
    assert torch.allclose(ssim(sr, hr), singly, rtol=0, atol=1e-13)
    assert (ssim(sr.roll(1, 0), hr) < singly).all()


def test_differentiable(pair):
    sr = pair[0][:1, :, :16, :16].clone().requires_grad_()
    ssim(sr, pair[1][:1, :, :16, :16]).sum().backward()
    assert sr.grad.abs().max() > 0


def test_differentiable_after_inference():
    """What is remembered from inference mode serves gradients too."""
    images = torch.rand(2, 1, 3, 17, 17)
    with torch.inference_mode():
        ssim(*images, sigma=1.25)
    sr = images[0].clone().requires_grad_()
    ssim(sr, images[1], sigma=1.25).sum().backward()
    assert sr.grad.abs().max() > 0


def test_smaller_than_the_window():
    with pytest.raises(ShapeError, match="10 x 12 without their border; at least the window's 11 pixels"):
        ssim(torch.zeros(1, 3, 10, 12), torch.zeros(1, 3, 10, 12))
