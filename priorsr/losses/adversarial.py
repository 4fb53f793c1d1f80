"""Adversarial losses: vanilla and Wasserstein, and the gradient penalty of a critic."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from priorsr.errors import ShapeError
from priorsr.execution.half import wide
from priorsr.kernels import use_backend
from priorsr.shapes import check_same


def vanilla_generator_loss(fake_logits: Tensor) -> Tensor:
    """Return the mean of -log sigmoid(logit): a generator's loss, small if its images are classified as real.

    Shapes: any -> a scalar. Range: logits, unbounded; the loss lies in [0, inf), in float32 at least.
    Source: Goodfellow et al., "Generative adversarial nets" (NeurIPS 2014), section 3, the non-saturating form.
    """
    return F.softplus(-wide(fake_logits)).mean()


def vanilla_critic_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return the binary cross-entropy of real logits against 1 plus that of fake logits against 0, a mean each.

    Shapes: any -> a scalar. Range: logits, unbounded; the loss lies in [0, inf), in float32 at least.
    Source: Goodfellow et al. (NeurIPS 2014), eq. 1.
    """
    return F.softplus(-wide(real_logits)).mean() + F.softplus(wide(fake_logits)).mean()


def wasserstein_generator_loss(fake: Tensor) -> Tensor:
    """Return -mean(critic(fake)).

    Shapes: any -> a scalar. Range: unbounded, in float32 at least.
    Source: Arjovsky et al., "Wasserstein GAN" (ICML 2017), algorithm 1.
    """
    return -wide(fake).mean()


def wasserstein_critic_loss(real: Tensor, fake: Tensor, *, drift: float = 0.001) -> Tensor:
    """Return mean(critic(fake)) - mean(critic(real)) + drift * mean(critic(real)^2); add `gradient_penalty` to it.

    Shapes: any -> a scalar. Range: unbounded, in float32 at least.
    Source: Arjovsky et al. (ICML 2017), algorithm 1; the drift, which keeps outputs near 0, from Karras et al.,
        "Progressive growing of GANs" (ICLR 2018), appendix A.1.
    """
    real, fake = wide(real), wide(fake)
    return fake.mean() - real.mean() + drift * real.square().mean()


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, *, weight: float = 10.0) -> Tensor:
    """Return weight * mean((|gradient of the critic at x| - 1)^2) for a random x between a real and a fake image.

    The penalty is two-sided, and the norm is taken over all values of an image. The result is differentiable with
    respect to the critic's parameters only, since the images are detached. The critic runs without autocast, in float32
    unless it enables autocast itself. Operations in the critic use their references instead of kernels, since only
    these can be differentiated twice.

    Shapes: real and fake (B,C,H,W), the same, and critic(images) with one value for each image -> a scalar. Wrong
        shapes raise ShapeError.
    Range: images in the critic's own range, on whose unit the gradient depends; the penalty lies in [0, inf), in
        float32 at least.
    Source: Gulrajani et al., "Improved training of Wasserstein GANs" (NeurIPS 2017), eq. 3.
    """
    check_same(real, fake, "gradient penalty", "real and fake images")
    real, fake = wide(real.detach()), wide(fake.detach())
    share = torch.rand((len(real),) + (1,) * (real.ndim - 1), device=real.device, dtype=real.dtype)
    between = torch.lerp(fake, real, share).requires_grad_()
    with torch.enable_grad(), torch.autocast(real.device.type, enabled=False), use_backend("reference"):
        output = critic(between)
        if output.numel() != len(real):
            raise ShapeError(
                f"gradient penalty: the critic returns shape {tuple(output.shape)} for {len(real)} images; "
                "one value an image was expected"
            )
        (gradient,) = torch.autograd.grad(output.sum(), between, create_graph=True)
    norm = gradient.flatten(1).norm(dim=1)
    return weight * (norm - 1).square().mean()
