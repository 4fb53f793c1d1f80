"""PSNR against scikit-image and its definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from priorsr.metrics import psnr


def test_against_scikit_image(pictures, pair):
    expected = [peak_signal_noise_ratio(hr, sr) for sr, hr in zip(*pictures, strict=True)]
    np.testing.assert_allclose(psnr(*pair), expected, rtol=0, atol=1e-5)


def test_y_and_border(pictures, pair):
    sr, hr = (np.dot(images[:, 8:-8, 8:-8] / 255, [65.481, 128.553, 24.966]) + 16 for images in pictures)
    expected = 20 * np.log10(255 / np.sqrt(((sr - hr) ** 2).mean(axis=(1, 2))))
    np.testing.assert_allclose(psnr(*pair, colour="y", border=8), expected, rtol=0, atol=1e-5)


def test_a_known_error():
    hr = torch.zeros(2, 3, 8, 8)
    assert psnr(hr + torch.tensor([0.1, 0.01]).view(2, 1, 1, 1), hr).tolist() == pytest.approx([20, 40])


def test_equal_images(pair):
    assert psnr(pair[1], pair[1]).tolist() == [torch.inf] * 5


def test_each_image_by_itself(pair):
    sr, hr = pair
    assert torch.equal(psnr(sr, hr), torch.cat([psnr(a[None], b[None]) for a, b in zip(sr, hr, strict=True)]))
    assert not torch.allclose(psnr(sr, hr), psnr(sr.roll(1, 0), hr))
