from __future__ import annotations

import math

import pytest
import torch

from priorsr.errors import OptionError, ShapeError
from priorsr.kernels import landmark_heatmap

ALL = torch.ones(1, 1, dtype=torch.bool)


def test_it_is_the_gaussian_of_its_readme() -> None:
    landmarks = torch.tensor([[[37.3, 90.8], [-5.0, 200.0], [12.0, 16.0]]])
    valid = torch.tensor([[True, True, True]])
    maps = landmark_heatmap(landmarks, valid, (19, 31), scale=4, sigma=1.7)
    assert maps.shape == (1, 3, 19, 31)
    for k, (x, y) in enumerate(landmarks[0].tolist()):
        for i, j in ((0, 0), (18, 30), (7, 9), (4, 3)):
            d2 = (i - y / 4) ** 2 + (j - x / 4) ** 2
            assert maps[0, k, i, j].item() == pytest.approx(math.exp(-d2 / (2 * 1.7**2)), rel=1e-5, abs=1e-37)


def test_the_peak_is_one_on_a_pixel_and_not_rounded_between_pixels() -> None:
    on = landmark_heatmap(torch.tensor([[[20.0, 8.0]]]), ALL, (8, 8), scale=4)
    assert on.max() == 1
    assert on[0, 0, 2, 5] == 1
    between = landmark_heatmap(torch.tensor([[[22.0, 8.0]]]), ALL, (8, 8), scale=4)
    assert between[0, 0, 2, 5].item() == between[0, 0, 2, 6].item() == pytest.approx(math.exp(-0.125))


def test_tails_are_not_cut() -> None:
    maps = landmark_heatmap(torch.tensor([[[0.0, 0.0]]]), ALL, (1, 13), scale=1)
    assert maps[0, 0, 0, 12].item() == pytest.approx(math.exp(-72), rel=1e-4)


def test_invalid_landmarks_are_zero_and_spoil_no_gradient() -> None:
    landmarks = torch.tensor([[[4.0, 4.0], [math.nan, math.inf]]], requires_grad=True)
    maps = landmark_heatmap(landmarks, torch.tensor([[True, False]]), (6, 6), scale=1)
    assert maps[0, 1].abs().max() == 0
    maps[..., 1, 2].sum().backward()
    assert landmarks.grad is not None
    assert landmarks.grad.isfinite().all()
    assert landmarks.grad[0, 0].abs().min() > 0
    assert landmarks.grad[0, 1].abs().max() == 0


def test_gradient_is_that_of_the_formula() -> None:
    landmarks = torch.tensor([[[9.3, 6.1]]], requires_grad=True)
    maps = landmark_heatmap(landmarks, ALL, (5, 7), scale=2, sigma=1.5)
    maps[0, 0, 2, 3].backward()
    expected = maps[0, 0, 2, 3].item() * torch.tensor([3 - 9.3 / 2, 2 - 6.1 / 2]) / (1.5**2 * 2)
    assert landmarks.grad is not None
    torch.testing.assert_close(landmarks.grad[0, 0], expected)


def test_it_stays_float32_under_autocast() -> None:
    landmarks = torch.tensor([[[100.3, 100.3]]])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        maps = landmark_heatmap(landmarks, None, (32, 32), scale=4)
    assert maps.dtype == torch.float32
    assert torch.equal(maps, landmark_heatmap(landmarks, None, (32, 32), scale=4))


def test_misfits_are_told() -> None:
    with pytest.raises(ShapeError, match=r"\(B, L, 2\) was expected"):
        landmark_heatmap(torch.zeros(3, 2), None, (4, 4), scale=1)
    with pytest.raises(ShapeError, match="valid"):
        landmark_heatmap(torch.zeros(1, 3, 2), torch.ones(1, 2, dtype=torch.bool), (4, 4), scale=1)
    with pytest.raises(OptionError, match="sigma=0"):
        landmark_heatmap(torch.zeros(1, 3, 2), None, (4, 4), scale=1, sigma=0)
