"""The discriminator's mistakes, and how it computes; its answers are held by the parity tests."""

from __future__ import annotations

import pytest
import torch

from priorsr.errors import OptionError, ShapeError
from priorsr.losses import gradient_penalty
from priorsr_pfsr.config import DiscriminatorConfig
from priorsr_pfsr.discriminator import Discriminator


@pytest.fixture
def discriminator() -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(DiscriminatorConfig(widths=(8, 6, 4, 4), hidden=5))


def test_one_image_is_refused_where_the_released_one_answers_nan(discriminator: Discriminator) -> None:
    with pytest.raises(ShapeError, match="the batch has 1 image; 2 or more were expected"):
        discriminator(torch.rand(1, 3, 64, 64))


def test_other_sizes_and_the_last_step_by_default(discriminator: Discriminator) -> None:
    images = torch.rand(2, 3, 24, 40)
    assert torch.equal(discriminator(images), discriminator(images, step=3))
    assert discriminator(images, step=1).shape == (2,)


def test_judges_images_from_minus_one_to_one(discriminator: Discriminator) -> None:
    images = torch.rand(3, 3, 16, 16)
    assert torch.equal(discriminator(images, step=2, fade=0.4), discriminator.judge(2 * images - 1, step=2, fade=0.4))


def test_its_gradient_can_be_penalised_where_images_agree(discriminator: Discriminator) -> None:
    real = torch.rand(2, 3, 32, 32)
    real[:, :, :4] = 1.0  # a border that all images have
    fake = real.clone()
    fake[:, :, 4:] += 0.1 * torch.rand(2, 3, 28, 32)
    gradient_penalty(discriminator, real, fake).backward()
    assert all(parameter.grad is None or parameter.grad.isfinite().all() for parameter in discriminator.parameters())
    assert discriminator.linear1.weight.grad.any()


def test_mistakes_are_told(discriminator: Discriminator) -> None:
    with pytest.raises(ShapeError, match="the image is 20 x 32; multiples of 8 were expected at step 3"):
        discriminator(torch.rand(2, 3, 20, 32))
    with pytest.raises(ShapeError, match=r"\(B, 3, H, W\)"):
        discriminator(torch.rand(2, 4, 32, 32))
    with pytest.raises(OptionError, match="step is 4; 1 to 3"):
        discriminator(torch.rand(2, 3, 32, 32), step=4)
