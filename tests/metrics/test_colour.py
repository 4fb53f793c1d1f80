"""Colour spaces against numpy, byte by byte."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from priorsr.errors import UnknownNameError
from priorsr.metrics import to_colour


@pytest.fixture(scope="module")
def bytes_() -> np.ndarray:
    """(1,64,64,3) uint8, with all corners of the cube."""
    image = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    image[0, 0, :8] = 255 * np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)])
    return image


@pytest.fixture(scope="module")
def rgb(bytes_) -> torch.Tensor:
    return torch.from_numpy(bytes_).permute(0, 3, 1, 2).double() / 255


def test_rgb_is_the_image(rgb):
    assert torch.equal(to_colour(rgb.float(), "rgb"), rgb.float().double())


def test_y_is_studio_range(rgb, bytes_):
    y = to_colour(rgb, "y")[:, 0].numpy()
    expected = (16 + np.dot(bytes_ / 255, [65.481, 128.553, 24.966])) / 255
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-15)
    assert y.max() * 255 == pytest.approx(235)
    assert y.min() * 255 == pytest.approx(16)


def test_y8_is_rounded(rgb, bytes_):
    y8 = np.round(np.dot(bytes_.astype(float), [65.481, 128.553, 24.966]) / 255 + 16)
    assert np.array_equal(to_colour(rgb, "y8")[:, 0].numpy() * 255, y8)


def test_y8_wrapped_is_byte_arithmetic(rgb, bytes_):
    y8 = np.round(np.dot(bytes_.astype(float), [65.481, 128.553, 24.966]) / 255 + 16).astype(np.uint8)
    wrapped = y8 * np.uint8(255)
    assert wrapped.dtype == np.uint8
    assert np.array_equal(wrapped, 256 - y8.astype(int))
    np.testing.assert_allclose(to_colour(rgb, "y8-wrapped")[:, 0].numpy() * 255, wrapped, rtol=0, atol=1e-12)


def test_y8_truncated_loses_its_fraction(rgb, bytes_):
    y = 16 + bytes_.astype(int) @ [65481, 128553, 24966] // 255_000  # exactly
    assert np.array_equal(to_colour(rgb, "y8-truncated")[:, 0].numpy() * 255, y)
    assert (to_colour(rgb, "y8-truncated") < to_colour(rgb, "y8")).any()


def test_y8_truncated_keeps_whole_numbers():
    """Where Y is whole, 1e-14 less would be a level less, as some machines compute SPARNet's script."""
    levels = np.arange(256, dtype=np.int32)
    sums = 65481 * levels[:, None, None] + 128553 * levels[:, None] + 24966 * levels  # of every colour
    whole = np.argwhere(sums % 255_000 == 0)
    assert len(whole) == 206
    rgb = torch.from_numpy(whole.T.reshape(1, 3, 206, 1)).double() / 255
    expected = 16 + sums[tuple(whole.T)] // 255_000
    for image in (rgb, rgb.float()):
        assert np.array_equal((to_colour(image, "y8-truncated")[0, 0, :, 0] * 255).numpy().round(6), expected)


def test_unknown(rgb):
    with pytest.raises(UnknownNameError, match=r"'Y'; there are: rgb, y, y8, y8-truncated, y8-wrapped"):
        to_colour(rgb, "Y")
