"""One training step of each stage of PFSR."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.containers import Batch
from priorsr.errors import PriorsrError
from priorsr.kernels import landmark_heatmap_mse
from priorsr.losses import (
    facial_attention_loss,
    gradient_penalty,
    heatmap_loss,
    l1,
    valid_mean,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from priorsr.training import Loss, Progress, StepResult
from priorsr_pfsr.recipe_config import PFSRRecipeConfig

HEATMAP_SIGMA = 1 / 64  # sigma as a part of the image's side: that of FAN's heatmaps of 64 px
PEAK_WEIGHT = 200  # without it heatmaps, 0 nearly everywhere, collapse below 0, where LeakyReLU has hardly any gradient


def learn_heatmaps(
    config: PFSRRecipeConfig, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress
) -> dict[str, Tensor]:
    """Train the FAN on heatmaps of its teacher's landmarks, at the sizes at which it is used, in turn."""
    landmarks, valid = batch.prior.landmarks, batch.prior.valid
    if "teacher" in modules:
        with torch.no_grad():
            prior, _ = modules["teacher"](batch.hr)
        landmarks, valid = prior.landmarks, prior.valid
    if landmarks is None:
        raise PriorsrError(
            "the distilled FAN has nothing to learn from: the faces have no landmarks, and the recipe no teacher "
            "(teacher=face_alignment) and no weights of one (fan_weights)"
        )
    turns = config.steps_with("attention", "heatmap")
    images = reduced(batch.hr, _halvings(config, turns[progress.step % len(turns)]))
    factor = batch.hr.shape[-1] / images.shape[-1]
    found = modules["fan"](images)[0].heatmaps
    each = landmark_heatmap_mse(
        found,
        (landmarks + 0.5) / factor - 0.5,  # from the centres of HR's pixels to those of the reduced image's
        valid,
        scale=1,
        sigma=HEATMAP_SIGMA * max(found.shape[2:]),
        peak_weight=PEAK_WEIGHT,
    )
    return {"fan": valid_mean(each, valid)}


def learn_pixels(
    config: PFSRRecipeConfig, step: int, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress
) -> dict[str, Tensor]:
    """Train a step of the generator by L1 only, while the step fades in."""
    sr = modules["generator"](batch.lr, step=step, fade=_fade(config, step, progress)).sr
    return {"generator": l1(sr, reduced(batch.hr, _halvings(config, step)))}


def learn_adversarially(
    config: PFSRRecipeConfig, step: int, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress
) -> StepResult:
    """Train a step of the generator by all its loss terms, then the critic on newly generated images."""
    fade = 1.0 if config.pixel_stages else _fade(config, step, progress)
    generate = partial(modules["generator"], step=step, fade=fade)
    hr = reduced(batch.hr, _halvings(config, step))

    def criticise(images: Tensor) -> Tensor:
        return modules["discriminator"](images, step=step, fade=fade)

    terms = _terms(modules, criticise, generate(batch.lr).sr, hr)
    found = {term: (weight, terms[term]()) for term, weight in config.weights_at(step).items()}
    loss = torch.stack([weight * value for weight, value in found.values()]).sum()

    def critic_loss() -> Tensor:
        with torch.no_grad():
            fake = generate(batch.lr).sr
        discriminator: Any = modules["discriminator"]
        judge = partial(discriminator.judge, step=step, fade=fade)  # in [-1, 1], as published, and without autocast
        penalty = gradient_penalty(judge, 2 * hr - 1, 2 * fake - 1, weight=config.penalty_weight)
        return wasserstein_critic_loss(criticise(hr), criticise(fake), drift=config.drift) + penalty

    losses: dict[str, Loss] = {"generator": loss}
    if "discriminator" in modules:
        losses["discriminator"] = critic_loss
    return StepResult(losses, {term: value.detach() for term, (_, value) in found.items()})


def _terms(
    modules: Mapping[str, nn.Module], criticise: Callable[[Tensor], Tensor], sr: Tensor, hr: Tensor
) -> dict[str, Callable[[], Tensor]]:
    """Return the generator's loss terms by name, as functions to call."""
    with torch.no_grad():
        wanted = modules["fan"](hr)[0].heatmaps if "fan" in modules else hr.new_empty(0)
    return {
        "adversarial": lambda: wasserstein_generator_loss(criticise(sr)),
        "pixel": lambda: l1(sr, hr),
        "perceptual": lambda: modules["perceptual"](sr, hr),
        "attention": lambda: facial_attention_loss(sr, hr, wanted),
        "heatmap": lambda: heatmap_loss(modules["fan"](sr)[0].heatmaps, wanted),
    }


def reduced(images: Tensor, halvings: int) -> Tensor:
    """Halve images (B,C,H,W) `halvings` times, bilinearly with antialiasing, in float32, as the data are."""
    for _ in range(halvings):
        images = F.interpolate(images, scale_factor=0.5, mode="bilinear", antialias=True)
    return images


def _halvings(config: PFSRRecipeConfig, step: int) -> int:
    """Return the number of halvings from HR to the size of a step's image."""
    return config.generator.steps - step


def _fade(config: PFSRRecipeConfig, step: int, progress: Progress) -> float:
    """Return the weight of a step that fades in: from 0 at the stage's start to 1; always 1 for the first step."""
    return min(1.0, progress.passed(config.fade_until)) if step > 1 else 1.0
