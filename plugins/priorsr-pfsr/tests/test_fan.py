"""How the distilled FAN decodes landmarks, and that it is saved with its options."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import priorsr
from priorsr.errors import OptionError
from priorsr.kernels import landmark_heatmap
from priorsr.models import save
from priorsr_pfsr.fan import _centroids


def test_landmarks_are_centroids_around_the_largest_value() -> None:
    wanted = torch.tensor([[[5.3, 9.8], [20.0, 3.0], [11.5, 14.25]]])
    heatmaps = landmark_heatmap(wanted, None, (24, 32), scale=1, sigma=0.6) - 1e-3
    assert torch.allclose(_centroids(heatmaps), wanted, atol=0.02)


def test_what_lies_far_from_the_peak_or_below_zero_does_not_count() -> None:
    heatmaps = torch.full((1, 2, 12, 12), -0.1)
    heatmaps[0, 0, 5, 5], heatmaps[0, 0, 5, 8] = 1.0, 0.9
    heatmaps[0, 1, 0, 11] = -0.01  # nothing above 0: the largest value's place
    assert _centroids(heatmaps).tolist() == [[[5, 5], [11, 0]]]


def test_a_peak_in_the_corner_is_not_wrapped_around() -> None:
    heatmaps = torch.zeros(1, 1, 8, 8)
    heatmaps[0, 0, 0, 0], heatmaps[0, 0, 0, 7], heatmaps[0, 0, 7, 0] = 1.0, 0.9, 0.9
    assert _centroids(heatmaps).tolist() == [[[0, 0]]]


def test_is_saved_with_its_options(tmp_path: Path) -> None:
    torch.manual_seed(0)
    fan = priorsr.create("estimator", "distilled_fan", widths=(4, 6, 8), landmarks=5).eval()
    save(fan, tmp_path / "fan.safetensors")
    again, images = priorsr.load(tmp_path / "fan.safetensors"), torch.rand(2, 3, 12, 16)
    prior, state = again(images)
    assert state is None
    assert torch.equal(prior.heatmaps, fan(images)[0].heatmaps)
    assert prior.heatmaps.shape == (2, 5, 12, 16)
    assert prior.landmarks.shape == (2, 5, 2)


def test_impossible_options_are_refused() -> None:
    with pytest.raises(OptionError, match=r"widths is \(4,\), landmarks 68; 2 widths or more"):
        priorsr.create("estimator", "distilled_fan", widths=(4,))
