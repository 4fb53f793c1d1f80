from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from priorsr.containers import Prior
from priorsr.errors import OptionError
from priorsr.priors import draw_heatmaps
from priorsr.priors.corruption import absent, blur, shift

SIZE = 32


@pytest.fixture
def prior() -> Prior:
    """Two faces with every part; heatmaps at a quarter of the HR size."""
    rng = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 19, (2, SIZE, SIZE), generator=rng)
    parsing = torch.nn.functional.one_hot(labels, 19).permute(0, 3, 1, 2).float()
    landmarks = torch.rand(2, 68, 2, generator=rng) * (SIZE - 1)
    valid = torch.rand(2, 68, generator=rng) < 0.8
    return Prior(parsing, landmarks, valid, draw_heatmaps(landmarks, valid, (8, 8), scale=4))


def centre(maps: Tensor) -> Tensor:
    """The centre of mass (x, y) of maps (...,h,w)."""
    mass = maps.sum((-2, -1))
    x = (maps.sum(-2) * torch.arange(maps.shape[-1])).sum(-1) / mass
    y = (maps.sum(-1) * torch.arange(maps.shape[-2])).sum(-1) / mass
    return torch.stack([x, y], -1)


def test_nothing_is_changed_in_place(prior) -> None:
    before = Prior(*(part.clone() for part in prior))
    shift(prior, 3, -2, SIZE), blur(prior, 2, SIZE), absent(prior)
    assert all(torch.equal(a, b) for a, b in zip(prior, before, strict=True))


@pytest.mark.parametrize(("right", "down"), [(3, 0), (0, 5), (-4, 2), (40, 0)])
def test_a_shifted_parsing_map_is_the_map_some_pixels_further(prior, right, down) -> None:
    moved = shift(prior, right, down, SIZE).parsing
    for y, x in ((0, 0), (10, 12), (31, 31), (7, 30)):
        source = prior.parsing[:, :, min(max(y - down, 0), SIZE - 1), min(max(x - right, 0), SIZE - 1)]
        assert torch.allclose(moved[:, :, y, x], source, atol=1e-4)
    assert torch.allclose(moved.sum(1), torch.ones(2, SIZE, SIZE), atol=1e-5)


def test_landmarks_and_heatmaps_move_alike() -> None:
    landmarks = torch.tensor([[[12.0, 16.0], [14.5, 13.0]]])
    prior = Prior(landmarks=landmarks, heatmaps=draw_heatmaps(landmarks, None, (8, 8), scale=4))
    moved = shift(prior, 4, -2, SIZE)
    assert torch.equal(moved.landmarks, landmarks + torch.tensor([4.0, -2.0]))
    assert torch.allclose(centre(moved.heatmaps) * 4, centre(prior.heatmaps) * 4 + torch.tensor([4.0, -2.0]), atol=0.1)
    drawn = draw_heatmaps(shift(prior, 4, 0, SIZE).landmarks, None, (8, 8), scale=4)  # a whole heatmap pixel
    assert torch.allclose(shift(prior, 4, 0, SIZE).heatmaps[..., 1:], drawn[..., 1:], atol=1e-5)


def test_heatmaps_that_leave_the_image_are_gone() -> None:
    landmarks = torch.tensor([[[28.0, 16.0]]])
    prior = Prior(landmarks=landmarks, heatmaps=draw_heatmaps(landmarks, None, (8, 8), scale=4))
    assert shift(prior, 32, 0, SIZE).heatmaps.abs().max() < 1e-6


def test_a_blurred_point_is_a_gaussian_of_that_width() -> None:
    parsing = torch.zeros(1, 2, 65, 65)
    parsing[0, 0] = 1
    parsing[0, :, 32, 30] = torch.tensor([0.0, 1.0])
    found = blur(Prior(parsing), 3.0, 65).parsing
    distance = torch.tensor([[(x - 30) ** 2 + (y - 32) ** 2 for x in range(65)] for y in range(65)])
    gaussian = torch.exp(-distance / 18) / (18 * math.pi)
    assert torch.allclose(found[0, 1], gaussian, atol=1e-5)
    assert torch.allclose(found.sum(1), torch.ones(1, 65, 65), atol=1e-5)


def test_sigma_is_in_hr_pixels(prior) -> None:
    small = Prior(heatmaps=torch.zeros(1, 1, 16, 16))
    small.heatmaps[0, 0, 8, 8] = 1
    spread = blur(small, 4.0, 32).heatmaps[0, 0]  # two of its pixels
    variance = (spread.sum(0) * (torch.arange(16) - 8) ** 2).sum() / spread.sum()
    assert float(variance) == pytest.approx(4.0, rel=0.05)


def test_landmarks_are_blurred_as_heatmaps(prior) -> None:
    found = blur(prior._replace(heatmaps=None), 4.0, SIZE)
    assert found.landmarks is None
    assert found.valid is None
    assert torch.allclose(found.heatmaps, blur(prior, 4.0, SIZE).heatmaps)
    assert not found.heatmaps[~prior.valid].any()
    assert found.heatmaps.max() < prior.heatmaps.max()


@pytest.mark.parametrize("sigma", [0, -1.0, math.nan])
def test_a_sigma_that_is_none_is_refused(prior, sigma) -> None:
    with pytest.raises(OptionError, match="sigma is"):
        blur(prior, sigma, SIZE)


def test_an_absent_prior_says_nothing_and_has_the_shapes(prior) -> None:
    found = absent(prior)
    assert [part.shape for part in found] == [part.shape for part in prior]
    assert (found.parsing == 1 / 19).all()
    assert not found.valid.any()
    assert not found.landmarks.any()
    assert not found.heatmaps.any()
    assert absent(Prior(landmarks=prior.landmarks)).valid.shape == (2, 68)
    assert absent(Prior(prior.parsing))[1:] == (None, None, None)
