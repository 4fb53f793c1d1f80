"""Adversarial losses against their formulas, and the gradient penalty against finite differences."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.errors import ShapeError
from priorsr.kernels.dispatch import takes_triton
from priorsr.losses import (
    gradient_penalty,
    vanilla_critic_loss,
    vanilla_generator_loss,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)


class Critic(nn.Module):
    """Smooth, so that finite differences tell its second derivative."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.linear = nn.Linear(4, 1)

    def forward(self, images: Tensor) -> Tensor:
        return self.linear(self.conv(images).tanh().mean((2, 3))).flatten() * 50


@pytest.fixture
def images() -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    real, fake = torch.rand(2, 3, 3, 5, 4)
    return real, fake


def test_the_vanilla_losses_are_binary_cross_entropy() -> None:
    real, fake = torch.tensor([0.5, -200.0]), torch.tensor([3.0, 100.0])
    ones, zeros = torch.ones(2), torch.zeros(2)
    bce = F.binary_cross_entropy_with_logits
    assert vanilla_generator_loss(fake).item() == pytest.approx(bce(fake, ones).item(), rel=1e-6)
    assert vanilla_critic_loss(real, fake).item() == pytest.approx((bce(real, ones) + bce(fake, zeros)).item())


def test_the_wasserstein_losses_and_the_drift() -> None:
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([-2.0, 6.0])
    assert wasserstein_generator_loss(fake).item() == -2
    assert wasserstein_critic_loss(real, fake, drift=0).item() == 0
    assert wasserstein_critic_loss(real, fake).item() == pytest.approx(0.001 * 5)
    assert wasserstein_critic_loss(real.bfloat16(), fake.bfloat16()).dtype == torch.float32


def test_the_penalty_of_a_linear_critic_is_known(images: tuple[Tensor, Tensor]) -> None:
    weights = torch.randn(3, 5, 4)
    found = gradient_penalty(lambda x: (x * weights).sum((1, 2, 3)), *images, weight=7)
    assert found.item() == pytest.approx(7 * (math.sqrt(weights.square().sum().item()) - 1) ** 2, rel=1e-5)
    assert gradient_penalty(lambda x: x.sum((1, 2, 3)) / math.sqrt(60), *images).item() == pytest.approx(0, abs=1e-9)


def test_gentle_gradients_are_punished_too(images: tuple[Tensor, Tensor]) -> None:
    assert gradient_penalty(lambda x: 0 * x.sum((1, 2, 3)), *images).item() == 10


def test_kernels_inside_take_their_references(images: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIORSR_BACKEND", "triton")
    seen: list[bool] = []

    def critic(x: Tensor) -> Tensor:
        seen.append(takes_triton("an operation", "auto", x))
        return x.sum((1, 2, 3))

    gradient_penalty(critic, *images)
    assert seen == [False]


def test_every_image_is_taken_somewhere_else_between_real_and_fake(images: tuple[Tensor, Tensor]) -> None:
    real, fake = images
    seen: list[Tensor] = []

    def critic(x: Tensor) -> Tensor:
        seen.append(x.detach())
        return x.sum((1, 2, 3))

    gradient_penalty(critic, real, fake)
    (between,) = seen
    share = (between - fake) / (real - fake)
    assert torch.allclose(share, share[:, :1, :1, :1].expand_as(share), atol=1e-3)
    shares = share[:, 0, 0, 0]
    assert len(shares.unique()) == 3
    assert shares.min() >= 0
    assert shares.max() <= 1


def test_the_penaltys_gradient_is_that_of_finite_differences(images: tuple[Tensor, Tensor]) -> None:
    real, fake = (x.double() for x in images)
    torch.manual_seed(1)
    critic = Critic().double()

    def penalty() -> Tensor:
        torch.manual_seed(2)
        return gradient_penalty(critic, real, fake)

    penalty().backward()
    for parameter in (critic.conv.weight, critic.conv.bias, critic.linear.weight):
        with torch.no_grad():
            flat, step, slopes = parameter.view(-1), 1e-5, []
            for index in range(2):
                values = []
                for sign in (1, -1):
                    flat[index] += sign * step
                    values.append(penalty().item())
                    flat[index] -= sign * step
                slopes.append((values[0] - values[1]) / (2 * step))
        assert parameter.grad is not None
        assert parameter.grad.view(-1)[:2].tolist() == pytest.approx(slopes, rel=1e-5)


def test_the_penalty_moves_the_critic_alone_in_float32(images: tuple[Tensor, Tensor]) -> None:
    real, fake = (x.requires_grad_() for x in images)
    critic = Critic()
    with torch.autocast("cpu", torch.bfloat16):
        torch.manual_seed(3)
        found = gradient_penalty(critic, real, fake)
    found.backward()
    assert real.grad is None
    assert fake.grad is None
    assert critic.conv.weight.grad is not None
    torch.manual_seed(3)
    assert found.item() == gradient_penalty(critic, real, fake).item()
    assert found.dtype == torch.float32


def test_the_penalty_can_be_looked_at_without_gradients(images: tuple[Tensor, Tensor]) -> None:
    with torch.no_grad():
        assert not gradient_penalty(Critic(), *images).requires_grad


def test_misfits_are_told(images: tuple[Tensor, Tensor]) -> None:
    real, fake = images
    with pytest.raises(ShapeError, match="real and fake images have shapes"):
        gradient_penalty(Critic(), real, fake[:1])
    with pytest.raises(ShapeError, match=r"returns shape \(3, 5, 4\) for 3 images; one value an image"):
        gradient_penalty(lambda x: x.sum(1), real, fake)
