"""The reduction kernels give the bytes, or the last digits, of the tools that they are named after."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from priorsr.data.reduction import KERNELS, Reduction, reduce
from priorsr.errors import OptionError, ShapeError, UnknownNameError


@pytest.fixture
def hr() -> np.ndarray:
    """Noise over a smooth picture, with values from 0 to 255, not square."""
    rng = np.random.default_rng(0)
    smooth = np.asarray(Image.fromarray(rng.integers(0, 256, (5, 4, 3), dtype=np.uint8)).resize((64, 96)), float)
    return (smooth + rng.normal(0, 60, smooth.shape)).clip(0, 255).astype(np.uint8)


def test_golden_pil_bicubic(golden):
    arrays = golden("metrics")
    assert np.array_equal([reduce(hr, 8, "pil-bicubic") for hr in arrays["hr"]], arrays["lr_pil_bicubic"])


def test_golden_bilinear_chain(golden):
    arrays = golden("metrics")
    assert np.array_equal([reduce(hr, 8, "bilinear-chain") for hr in arrays["hr"]], arrays["lr_progressive_bilinear"])


def test_golden_matlab_bicubic(golden):
    arrays = golden("metrics")
    lr = [reduce(hr, 8, "matlab-bicubic", quantise=False) for hr in arrays["hr"]]
    np.testing.assert_allclose(lr, arrays["lr_matlab_bicubic"], rtol=0, atol=1e-6)


def test_pil_bicubic_is_pillows(hr):
    assert np.array_equal(reduce(hr, 8, "pil-bicubic"), Image.fromarray(hr).resize((8, 12), Image.Resampling.BICUBIC))


def test_bilinear_chain_halves_step_by_step(hr):
    image = Image.fromarray(hr)
    for size in ((32, 48), (16, 24), (8, 12)):
        image = image.resize(size, Image.Resampling.BILINEAR)
    assert np.array_equal(reduce(hr, 8, "bilinear-chain"), image)
    assert not np.array_equal(image, Image.fromarray(hr).resize((8, 12), Image.Resampling.BILINEAR))


@pytest.mark.parametrize("scale", [2, 3, 8])
def test_matlab_bicubic_spelled_out(hr, scale):
    """Against every tap written out, from the documentation of imresize, in its 1-based coordinates."""

    def cubic(x: float) -> float:
        x = abs(x)
        if x <= 1:
            return 1.5 * x**3 - 2.5 * x**2 + 1
        return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0

    def reduce_rows(image: np.ndarray) -> np.ndarray:
        length = len(image)
        rows = []
        for i in range(1, length // scale + 1):
            centre = i * scale + 0.5 * (1 - scale)
            total, norm = 0.0, 0.0
            for tap in range(math.ceil(centre - 2 * scale), math.floor(centre + 2 * scale) + 1):
                mirrored = 1 - tap if tap < 1 else 2 * length + 1 - tap if tap > length else tap
                weight = cubic((centre - tap) / scale)
                total, norm = total + weight * image[mirrored - 1], norm + weight
            rows.append(total / norm)
        return np.array(rows)

    hr = hr[:48, :48]
    spelled = reduce_rows(reduce_rows(hr / 255).swapaxes(0, 1)).swapaxes(0, 1)
    np.testing.assert_allclose(reduce(hr, scale, "matlab-bicubic", quantise=False), spelled, rtol=0, atol=1e-12)


def test_matlab_bicubic_overshoots_and_is_clipped_by_quantising():
    hr = np.zeros((32, 32, 3), np.uint8)
    hr[:, 16:] = 255
    raw = reduce(hr, 8, "matlab-bicubic", quantise=False)
    assert raw.min() < -0.01
    assert raw.max() > 1.01
    assert np.array_equal(reduce(hr, 8, "matlab-bicubic"), np.rint(raw.clip(0, 1) * 255))


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_kernel(hr, kernel):
    lr = reduce(hr, 4, kernel)
    assert lr.dtype == np.uint8
    assert lr.shape == (24, 16, 3)
    raw = reduce(hr, 4, kernel, quantise=False)
    assert raw.dtype == np.float64
    assert np.abs(raw.clip(0, 1) * 255 - lr).max() <= 0.5 + 1e-9
    flat = np.full((16, 16, 3), 77, np.uint8)
    assert np.array_equal(reduce(flat, 8, kernel), np.full((2, 2, 3), 77))
    assert np.array_equal(reduce(hr, 1, kernel), hr)


def test_kernels_differ(hr):
    results = [reduce(hr, 8, kernel) for kernel in KERNELS]
    assert not any(np.array_equal(a, b) for i, a in enumerate(results) for b in results[:i])


@pytest.mark.parametrize(
    ("shape", "dtype", "scale", "kernel", "error", "words"),
    [
        ((16, 16, 3), np.uint8, 8, "pil-bicubik", UnknownNameError, "pil-bicubic"),
        ((16, 16, 3), np.uint8, 8, "area", UnknownNameError, "bilinear-chain, blind, matlab-bicubic, pil-bicubic"),
        ((16, 20, 3), np.uint8, 8, "pil-bicubic", ShapeError, "16 x 20.*multiples of the scale 8"),
        ((0, 16, 3), np.uint8, 8, "pil-bicubic", ShapeError, "0 x 16"),
        ((12, 12, 3), np.uint8, 6, "bilinear-chain", OptionError, "the scale is 6; a power of two"),
        ((16, 16, 3), np.uint8, 0, "pil-bicubic", OptionError, "the scale is 0"),
        ((16, 16), np.uint8, 8, "pil-bicubic", ShapeError, r"uint8 of shape \(16, 16\)"),
        ((16, 16, 4), np.uint8, 8, "pil-bicubic", ShapeError, r"\(16, 16, 4\)"),
        ((16, 16, 3), np.float32, 8, "matlab-bicubic", ShapeError, "float32"),
    ],
)
def test_mistakes(shape, dtype, scale, kernel, error, words):
    with pytest.raises(error, match=words):
        reduce(np.zeros(shape, dtype), scale, kernel)


def test_a_reduction_is_one_value() -> None:
    hr = np.random.default_rng(4).integers(0, 256, (32, 24, 3), dtype=np.uint8)
    assert np.array_equal(Reduction().reduce(hr), reduce(hr, 8, "pil-bicubic"))
    raw = Reduction(scale=4, kernel="matlab-bicubic", quantise=False).reduce(hr)
    assert np.array_equal(raw, reduce(hr, 4, "matlab-bicubic", quantise=False))
    with pytest.raises(ShapeError, match="32 x 24 pixels"):
        Reduction(hr_size=32).reduce(hr)
    with pytest.raises(OptionError, match="hr_size is 30; a multiple of the scale 8"):
        Reduction(hr_size=30)
    with pytest.raises(UnknownNameError, match="no reduction kernel 'bicubic'"):
        Reduction(kernel="bicubic")
    with pytest.raises(OptionError, match="a power of two"):
        Reduction(scale=12, kernel="bilinear-chain")
