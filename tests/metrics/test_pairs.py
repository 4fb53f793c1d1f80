"""Every score refuses what it cannot compare, and says why."""

from __future__ import annotations

import pytest
import torch

from priorsr.errors import PriorsrError, ShapeError
from priorsr.metrics import ms_ssim, psnr, ssim, to_8bit

scores = pytest.mark.parametrize("score", [psnr, ssim, ms_ssim])


@scores
@pytest.mark.parametrize("shape", [(2, 3, 32, 31), (1, 3, 32, 32)])
def test_sizes_differ(score, shape):
    with pytest.raises(ShapeError, match=r"\(2, 3, 32, 32\)"):
        score(torch.zeros(shape), torch.zeros(2, 3, 32, 32))


@scores
@pytest.mark.parametrize("shape", [(3, 32, 32), (2, 1, 32, 32)])
def test_not_a_batch_of_rgb(score, shape):
    with pytest.raises(ShapeError, match=r"\(B, 3, H, W\) was expected"):
        score(torch.zeros(shape), torch.zeros(shape))


@scores
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_not_finite(score, value):
    images = torch.zeros(3, 3, 32, 32)
    broken = images.clone()
    broken[1, 2, 5, 5] = value
    with pytest.raises(PriorsrError, match="SR image 1 of the batch of 3"):
        score(broken, images)
    with pytest.raises(PriorsrError, match="HR image 1 of the batch of 3"):
        score(images, broken)


@scores
def test_not_floating_point(score):
    images = torch.zeros(1, 3, 32, 32)
    with pytest.raises(PriorsrError, match=r"SR batch is torch.uint8; floating point in \[0, 1\]"):
        score(images.byte(), images)


@scores
@pytest.mark.parametrize("border", [16, -1])
def test_border(score, border):
    with pytest.raises(ShapeError, match=f"32 x 32; nothing is left of them after a border of {border}"):
        score(torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 32), border=border)


def test_to_8bit():
    assert to_8bit(torch.tensor([-0.3, 0.4 / 255, 0.5, 1.2])).tolist() == [0, 0, 128, 255]
    steps = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_8bit(steps.float() / 255), steps)
    assert torch.equal(to_8bit(steps.double() / 255), steps)


@scores
def test_images_on_another_scale_are_refused(score):
    sr, hr = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)
    sr[0, 0, 0, 0] = 1.0
    with pytest.raises(PriorsrError, match=r"SR image 0 .* to 255; the range \[0, 1\] was expected; .* divided by 255"):
        score(sr * 255, hr * 255)
    with pytest.raises(PriorsrError, match="HR image 0 .* divided by 255 first"):
        score(sr, hr * 255)
    with pytest.raises(PriorsrError, match="HR image 1 of the batch of 2 has values from -1 to"):
        score(sr, torch.stack([hr[0], (2 * hr[1] - 1).index_fill(1, torch.tensor(0), -1.0)]))
    assert torch.isfinite(score(3 * sr - 1, hr)).all()  # a network's overshoot


@scores
def test_arrays_are_refused_by_their_type(score):
    images = torch.rand(1, 3, 64, 64)
    with pytest.raises(PriorsrError, match=r"the SR batch is a numpy.ndarray; a torch.Tensor \(B,3,H,W\)"):
        score(images.numpy(), images)
