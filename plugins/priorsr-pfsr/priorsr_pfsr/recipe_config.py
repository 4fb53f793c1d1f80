"""The settings of PFSR's training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from priorsr.config import check_not_negative
from priorsr.errors import OptionError, did_you_mean
from priorsr.registry import PartSpec
from priorsr.training import Duration, Schedule, constant, cosine, epochs, fraction, stable_decay, steps
from priorsr.training.teacher_student import SMALL as LONG
from priorsr_pfsr.config import DiscriminatorConfig, PFSRConfig

TERMS = ("adversarial", "pixel", "perceptual", "attention", "heatmap")

NANO: dict[str, Any] = {
    "generator": PFSRConfig(**PFSRConfig.presets["nano"]),
    "discriminator": DiscriminatorConfig(widths=(64, 32, 16, 8), hidden=64),
    "fan_widths": (8, 16, 32, 32),
    "teacher": None,
    "pixel_stages": True,
    "perceptual_weights": (0.0, 0.0, 0.0),
    "learning_rate": 2e-4,
    "pixel_learning_rate": 3e-3,
    "schedule": cosine(warmup=fraction(0.02)),
    "ema": 0.999,
    "clip": 1.0,
    "length": epochs(40),
    "shares": {"fan": 0.1, "pixel-x2": 0.1, "pixel-x4": 0.15, "pixel": 0.45, "x8": 0.2},
    "reduction": "pil-bicubic",
}
SMALL: dict[str, Any] = {
    **NANO,
    **LONG,
    "generator": PFSRConfig(**PFSRConfig.presets["small"]),
    "fan_widths": (16, 32, 64, 64),
    "learning_rate": 2e-4,
    "pixel_learning_rate": 1e-3,
    "schedule": stable_decay(warmup=steps(200)),
}


@dataclass(frozen=True)
class PFSRRecipeConfig:
    """The settings of PFSR's training; the defaults, the preset `paper`, are the published training's as far as known.

    adversarial_weights, pixel_weights, perceptual_weights, attention_weights, heatmap_weights: of the generator's loss
        terms, a value for each step, x2, x4, x8. The defaults are from a fork's copy of a training script that was
        removed, and other copies differ, so they are uncertain. So is whether L1 and attention loss were meant for
        images in [-1, 1]; ours are in [0, 1]. A term with weight 0 is left out, with its network, such as the
        discriminator for `adversarial_weights`.
    schedule: schedule of all learning rates. zoom: largest scaling of faces. ema: decay of the average of the weights.
    clip: largest norm of the gradients.
    penalty_weight, drift: weights of the critic's loss.
    fade_until: the time at which a new step is fully faded in.
    pixel_stages: first train every step by L1 only, then only the last step adversarially.
    fan_widths: widths of the distilled FAN. fan_weights: a file of its weights, instead of a distillation.
    teacher: the estimator whose landmarks the FAN learns; None for those of the data.
    learning_rate, betas: for adversarial stages; pixel_learning_rate, pixel_betas: for the others.
    batch_size: faces a step, over all processes; 2 or more a process, since the discriminator compares them.
    length: length of each stage, for a run without given steps or minutes. shares: the stages' proportions of a run
    with given steps or minutes, by name; 1 by default.
    nano: narrow networks; pixel stages; a FAN that learns from the data's landmarks; no perceptual term, since VGG's
    weights may be absent; LR by the other systems' reduction, for comparisons; a falling learning rate, a lower one for
    the adversarial stage (at 1e-3 colours left their range after 200 steps), an average of the weights (EMA) and
    clipped gradients, none of which the paper uses.
    small: as nano, for hours instead of minutes: larger networks, a constant rate that falls in the last fifth of every
        stage, faces at several scales.
    """

    generator: PFSRConfig = field(default_factory=PFSRConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    adversarial_weights: tuple[float, ...] = (1.0, 1.0, 0.1)
    pixel_weights: tuple[float, ...] = (10.0, 10.0, 10.0)
    perceptual_weights: tuple[float, ...] = (0.01, 0.01, 0.001)
    attention_weights: tuple[float, ...] = (0.0, 500.0, 50.0)
    heatmap_weights: tuple[float, ...] = (0.0, 50.0, 50.0)
    penalty_weight: float = 10.0
    drift: float = 0.001
    fade_until: Duration = field(default_factory=lambda: fraction(0.5))
    pixel_stages: bool = False
    fan_widths: tuple[int, ...] = (32, 64, 128, 128)
    fan_weights: str | None = None
    teacher: PartSpec | None = "face_alignment"
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.0, 0.99)
    pixel_learning_rate: float = 1e-3
    pixel_betas: tuple[float, float] = (0.9, 0.99)
    schedule: Schedule = field(default_factory=constant)
    batch_size: int = 16
    flip: bool = True
    zoom: float = 1.0
    ema: float | None = None
    clip: float | None = None
    length: Duration = field(default_factory=lambda: steps(50_000))
    shares: Mapping[str, float] = field(default_factory=dict)
    reduction: str = "bilinear-chain"

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {}, "nano": NANO, "small": SMALL}

    def __post_init__(self) -> None:
        count = self.generator.steps
        if len(self.discriminator.widths) != count + 1:
            raise OptionError(
                f"the discriminator's widths are {self.discriminator.widths}; as many as the generator's, {count + 1}, "
                "were expected"
            )
        for term in TERMS:
            weights = getattr(self, f"{term}_weights")
            if len(weights) != count or not all(math.isfinite(weight) and weight >= 0 for weight in weights):
                raise OptionError(
                    f"{term}_weights is {weights}; {count} finite numbers from 0, one a step, were expected"
                )
        for step, name in self.adversarial_names.items():
            if not self.weights_at(step):
                raise OptionError(f"in the stage {name!r} all loss terms weigh 0; one above 0 was expected")
        if self.batch_size < 2:
            raise OptionError(
                f"batch_size is {self.batch_size}; 2 or more was expected, which the discriminator compares"
            )
        check_not_negative(self, "penalty_weight", "drift")
        known = ("fan", *self.pixel_names, *self.adversarial_names.values())
        for name in self.shares:
            if name not in known:
                raise OptionError(f"shares names the stage {name!r}; {did_you_mean(name, known)}")

    @property
    def pixel_names(self) -> tuple[str, ...]:
        """Return the names of the stages with L1 only, one for each step."""
        last = self.generator.steps
        names = [f"pixel-x{2**step}" for step in range(1, last)]
        return (*names, "pixel") if self.pixel_stages else ()

    @property
    def adversarial_names(self) -> dict[int, str]:
        """Return the steps, from 1, that are trained adversarially, and the names of their stages."""
        last = self.generator.steps
        return {step: f"x{2**step}" for step in range(last if self.pixel_stages else 1, last + 1)}

    def weights_at(self, step: int) -> dict[str, float]:
        """Return the loss terms that take part at a step, from 1, and their weights."""
        found = {term: getattr(self, f"{term}_weights")[step - 1] for term in TERMS}
        return {term: weight for term, weight in found.items() if weight}

    def steps_with(self, *terms: str) -> list[int]:
        """Return the adversarial steps in which one of these loss terms takes part."""
        return [step for step in self.adversarial_names if self.weights_at(step).keys() & set(terms)]
