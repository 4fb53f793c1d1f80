"""The hourglass: what recurs is passed in, and heatmaps become landmarks."""

from __future__ import annotations

import pytest
import torch

import priorsr
from priorsr.errors import OptionError, ShapeError
from priorsr.priors import draw_heatmaps
from priorsr_dic.heatmap_decoding import decode_heatmaps


def test_decoding_is_exact_for_gaussians() -> None:
    generator = torch.Generator().manual_seed(0)
    landmarks = 8 + 112 * torch.rand(2, 68, 2, generator=generator)
    found, valid = decode_heatmaps(draw_heatmaps(landmarks, None, (32, 32), scale=4), scale=4, threshold=0.2)
    assert valid.all()
    torch.testing.assert_close(found, landmarks, rtol=0, atol=1e-3)


def test_decoding_knows_what_is_absent_and_stays_inside() -> None:
    landmarks = torch.tensor([[[40.0, 40.0], [0.0, 63.0], [-1.5, 30.0], [200.0, 30.0]]])
    known = torch.tensor([[False, True, True, True]])
    maps = draw_heatmaps(landmarks, known, (16, 16), scale=4)
    found, valid = decode_heatmaps(maps, scale=4, threshold=0.2)
    assert valid.tolist() == [[False, True, True, False]]
    assert found.isfinite().all()
    torch.testing.assert_close(found[0, 1], torch.tensor([0.0, 60.0]))  # both at the border: not moved
    torch.testing.assert_close(found[0, 2], torch.tensor([0.0, 30.0]))
    noise, nothing = decode_heatmaps(maps.bfloat16() - 0.5, scale=4, threshold=0.6)
    assert noise.dtype == torch.float32
    assert not nothing.any()


@pytest.fixture
def hourglass():
    torch.manual_seed(0)
    return priorsr.create("estimator", "hourglass", width=8, depth=2).eval()


@torch.no_grad()
def test_the_state_is_an_argument_and_a_result(hourglass) -> None:
    images = torch.rand(2, 3, 32, 32)
    first, state = hourglass(images)
    again, _ = hourglass(images)
    second, _ = hourglass(images, state)
    assert torch.equal(first.heatmaps, again.heatmaps)
    assert not torch.equal(first.heatmaps, second.heatmaps)
    assert state.shape == (2, 8, 8, 8)
    with pytest.raises(ShapeError, match="the state has shape"):
        hourglass(images[:1], state)


@torch.no_grad()
def test_landmarks_are_those_of_its_heatmaps(hourglass) -> None:
    prior, _ = hourglass(torch.rand(1, 3, 32, 40))
    landmarks, valid = decode_heatmaps(prior.heatmaps, scale=4, threshold=0.2)
    assert torch.equal(prior.landmarks, landmarks)
    assert torch.equal(prior.valid, valid)
    assert prior.heatmaps.shape == (1, 68, 8, 10)


def test_an_estimator_can_be_saved(hourglass, tmp_path) -> None:
    priorsr.save(hourglass, tmp_path / "hourglass.safetensors")
    images = torch.rand(1, 3, 16, 16)
    loaded = priorsr.load(tmp_path / "hourglass.safetensors")
    assert torch.equal(loaded(images)[0].heatmaps, hourglass(images)[0].heatmaps)


def test_impossible_options_are_told() -> None:
    with pytest.raises(OptionError, match="width is 6; a multiple of 4"):
        priorsr.create("estimator", "hourglass", width=6)
    with pytest.raises(OptionError, match="depth=0"):
        priorsr.create("estimator", "hourglass", depth=0)
