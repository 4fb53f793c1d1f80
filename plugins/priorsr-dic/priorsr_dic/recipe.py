"""The training of DIC: its hourglass alone, then the whole network, then, as DICGAN, against a discriminator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.config import check_not_negative
from priorsr.containers import Batch, SROutput
from priorsr.errors import MissingWeightsError, OptionError
from priorsr.losses import l1, vanilla_critic_loss, vanilla_generator_loss
from priorsr.training import (
    Duration,
    Optimiser,
    Progress,
    Schedule,
    Stage,
    Step,
    StepResult,
    constant,
    cosine,
    fraction,
    step_decay,
    steps,
)
from priorsr.training.teacher_student import SMALL as LONG
from priorsr_dic.config import DICConfig
from priorsr_dic.discriminator import Discriminator, LightCNNLoss
from priorsr_dic.losses import heatmap_mse
from priorsr_dic.model import DIC

NANO: dict[str, Any] = {
    "model": DICConfig(**DICConfig.presets["nano"]),
    "release": fraction(0.2),
    "gan": False,
    "peak_weight": 100.0,
    "hourglass_share": 0.2,
    "perceptual_weight": 0.0,
    "learning_rate": 1e-3,
    "schedule": cosine(warmup=fraction(0.02)),
    "batch_size": 4,
    "flip": True,
    "ema": 0.999,
    "clip": 1.0,
    "hourglass_length": steps(500),
    "length": steps(3000),
    "gan_length": steps(1000),
}
SMALL: dict[str, Any] = {
    **NANO,
    **LONG,
    "model": DICConfig(**DICConfig.presets["small"]),
    "batch_size": 8,
    "hourglass_length": steps(4000),
    "gan_length": steps(5000),
}


@dataclass(frozen=True)
class DICRecipeConfig:
    """The settings of DIC's training; the defaults are the paper's for CelebA, the preset `paper`.

    model: the network's config. reduction: the reduction that makes LR images. learning_rate: its maximum.
    batch_size: faces a step, over all processes. clip: largest norm of the gradients.
    flip, quarter_turns, zoom: augmentation, see `priorsr.data.augmentation.Augmentation`.
    heatmap_weight: weight of the heatmaps' MSE in the stages dic and dicgan.
    peak_weight: extra weight of the MSE at a landmark, in all stages; 0 is DIC's.
    release: until when the stage dic keeps the pretrained hourglass frozen (2e4 steps for Helen).
    pixel_images: the image in each step's L1: "own", as the paper, or "last", the last step's image in every term, as
        the released solver of DICGAN; for both stages.
    gan: whether the stage dicgan follows.
    pixel_weight, perceptual_weight, adversarial_weight: weights of the terms of dicgan (pixel_weight is 2 for Helen).
    lightcnn: a LightCNN-9 checkpoint (.pth) for the perceptual term; see `LightCNNLoss`.
    schedule, gan_schedule: of the learning rate in hourglass and dic, and in dicgan.
    hourglass_length, length, gan_length: of the three stages (gan_length is 1e5 steps for Helen).
    hourglass_share, gan_share: their shares of a run with given steps or minutes; dic gets the rest.
    ema: average of the weights in dic and dicgan, not of the hourglass.
    nano: the network's nano, without dicgan, so that DIC is saved; no LightCNN term; batches of 4, a falling learning
        rate, an average of the weights (EMA), clipped gradients and flips, none of which the paper uses for CelebA;
        peaks weighted 101 times, without which the hourglass learns nothing in 700 steps.
    small: as nano, for hours instead of minutes: a larger network, the paper's batches of 8, a constant rate that falls
        in the last fifth, faces at several scales.
    """

    model: DICConfig = field(default_factory=DICConfig)
    heatmap_weight: float = 0.1
    peak_weight: float = 0.0
    release: Duration = field(default_factory=lambda: steps(2_000))
    pixel_images: Literal["own", "last"] = "own"
    gan: bool = True
    pixel_weight: float = 1.0
    perceptual_weight: float = 0.1
    adversarial_weight: float = 0.005
    lightcnn: Path | None = None
    learning_rate: float = 1e-4
    schedule: Schedule = field(
        default_factory=lambda: step_decay((steps(10_000), steps(20_000), steps(40_000), steps(80_000)))
    )
    gan_schedule: Schedule = field(default_factory=constant)
    batch_size: int = 8
    flip: bool = False
    quarter_turns: bool = False
    zoom: float = 1.0
    ema: float | None = None
    clip: float | None = None
    hourglass_length: Duration = field(default_factory=lambda: steps(20_000))
    length: Duration = field(default_factory=lambda: steps(150_000))
    gan_length: Duration = field(default_factory=lambda: steps(80_000))
    hourglass_share: float = 0.1
    gan_share: float = 0.3
    reduction: str = "pil-bicubic"

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {}, "nano": NANO, "small": SMALL}

    def __post_init__(self) -> None:
        weights = ("heatmap_weight", "peak_weight", "pixel_weight", "perceptual_weight", "adversarial_weight")
        check_not_negative(self, *weights)
        gan_share = self.gan_share if self.gan else 0.0
        if not (self.hourglass_share > 0 and self.gan_share > 0 and self.hourglass_share + gan_share < 1):
            raise OptionError(
                f"hourglass_share is {self.hourglass_share} and gan_share {self.gan_share}; positive numbers "
                "with a sum below 1 were expected"
            )


class DICRecipe:
    """DIC's stages: `hourglass` (heatmaps alone), `dic` (image and heatmaps), and `dicgan`.

    hourglass: the MSE of the heatmaps of every pass over a face of random sharpness between the enlarged LR image
        and HR, as in DIC.
    dic: the sum over the steps of L1 + 0.1 * MSE of the heatmaps; until `release` the hourglass guides, but is not
        trained.
    dicgan: the same + 0.1 * the L1 distance of LightCNN's features + 0.005 * the vanilla adversarial loss, both of the
        last step's image only.

    Without `lightcnn`, a perceptual term with a weight above 0 raises MissingWeightsError.

    Source: DIC (Ma et al., CVPR 2020) and its released code. Departure: how the hourglass was pretrained is not
        published, so its images, recurrence and length are ours. Landmarks that are not valid are left out of the MSE.
    """

    kind = "recipe"
    Config = DICRecipeConfig

    def __init__(self, config: DICRecipeConfig) -> None:
        self.config = config
        self.scale = config.model.scale
        self.reduction = config.reduction

    def stages(self) -> list[Stage]:
        config = self.config
        dic = DIC(config.model)
        main = 1 - config.hourglass_share - config.gan_share * config.gan
        stages = [
            # The next stage continues to train this hourglass, inside DIC.
            self._stage("hourglass", {"hourglass": dic.hourglass}, self._learn_landmarks, config.hourglass_share),
            self._stage("dic", {"dic": dic}, self._collaborate, main),
        ]
        if config.gan:
            stages.append(self._stage("dicgan", self._gan_modules(dic), self._compete, config.gan_share))
        return stages

    def _gan_modules(self, dic: DIC) -> dict[str, nn.Module]:
        modules: dict[str, nn.Module] = {"dic": dic, "discriminator": Discriminator()}
        if self.config.perceptual_weight:
            if self.config.lightcnn is None:
                raise MissingWeightsError(
                    "DICGAN's perceptual term needs a LightCNN-9 checkpoint (.pth) of yours: set lightcnn to its path, "
                    "or perceptual_weight=0 to leave the term out, or gan=false for DIC alone"
                )
            if not self.config.lightcnn.is_file():
                raise MissingWeightsError(
                    f"{self.config.lightcnn}: there is no such file; the LightCNN-9 checkpoint (.pth) of DICGAN's "
                    "perceptual term was expected"
                )
            modules["lightcnn"] = LightCNNLoss(self.config.lightcnn)
        return modules

    def _stage(self, name: str, modules: dict[str, nn.Module], step: Step, share: float) -> Stage:
        config = self.config
        product = "hourglass" if name == "hourglass" else "dic"
        length = {"hourglass": config.hourglass_length, "dic": config.length, "dicgan": config.gan_length}[name]
        schedule = config.gan_schedule if name == "dicgan" else config.schedule
        return Stage(
            name=name,
            modules=modules,
            frozen=frozenset(modules) & {"lightcnn"},
            optimisers={
                trained: Optimiser((trained,), "adam", lr=config.learning_rate, schedule=schedule, clip=config.clip)
                for trained in modules
                if trained != "lightcnn"
            },
            step=step,
            length=length,
            share=share,
            starts_from={"dic": "dic"} if name == "dicgan" else {},
            product=product,
            ema=None if name == "hourglass" else config.ema,
            batch_size=config.batch_size,
            flip=config.flip,
            quarter_turns=config.quarter_turns,
            zoom=config.zoom,
            absent={} if name != "dicgan" or "lightcnn" in modules else {"perceptual": "perceptual_weight is 0"},
        )

    def _learn_landmarks(self, modules: Mapping[str, nn.Module], batch: Batch, _: Progress) -> dict[str, Tensor]:
        enlarged = F.interpolate(batch.lr, scale_factor=self.scale, mode="bilinear", align_corners=False)
        sharpness = torch.rand(len(batch.hr), 1, 1, 1, device=batch.hr.device)
        images = torch.lerp(enlarged, batch.hr, sharpness)
        heatmaps: list[Tensor] = []
        state = None
        while len(heatmaps) < self.config.model.steps:
            found, state = modules["hourglass"](images, state)
            heatmaps.append(found.heatmaps)
        return {"hourglass": self._heatmap_term(heatmaps, batch)}

    def _collaborate(self, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress) -> StepResult:
        dic: Any = modules["dic"]
        with learning(dic.hourglass, progress.passed(self.config.release) >= 1):
            output = dic(batch.lr)
        pixel, heatmaps = self._pixel_term(output, batch.hr), self._heatmap_term(output.heatmaps, batch)
        return StepResult(
            {"dic": pixel + self.config.heatmap_weight * heatmaps}, {"pixel": pixel, "heatmaps": heatmaps}
        )

    def _compete(self, modules: Mapping[str, nn.Module], batch: Batch, _: Progress) -> StepResult:
        config, judge = self.config, modules["discriminator"]
        output = modules["dic"](batch.lr)
        terms = {
            "pixel": config.pixel_weight * self._pixel_term(output, batch.hr),
            "heatmaps": config.heatmap_weight * self._heatmap_term(output.heatmaps, batch),
            "adversarial": config.adversarial_weight * vanilla_generator_loss(judge(output.sr)),
        }
        if "lightcnn" in modules:
            terms["perceptual"] = config.perceptual_weight * modules["lightcnn"](output.sr, batch.hr)
        made = output.sr.detach()
        return StepResult(
            {
                "dic": torch.stack(list(terms.values())).sum(),
                "discriminator": lambda: vanilla_critic_loss(judge(batch.hr), judge(made)),
            },
            terms,
        )

    def _pixel_term(self, output: SROutput, hr: Tensor) -> Tensor:
        """Return the sum of L1 over the steps."""
        if self.config.pixel_images == "last":
            return len(output.stages) * l1(output.sr, hr)
        return torch.stack([l1(image, hr) for image in output.stages]).sum()

    def _heatmap_term(self, heatmaps: Sequence[Tensor], batch: Batch) -> Tensor:
        """Return the sum of the heatmaps' MSE over the steps."""
        weight = self.config.peak_weight
        return torch.stack([heatmap_mse(found, batch.prior, peak_weight=weight) for found in heatmaps]).sum()


@contextmanager
def learning(module: nn.Module, learns: bool) -> Iterator[None]:
    """Within the block, enable gradients of a trained module's own parameters only if it `learns`."""
    module.requires_grad_(learns)
    try:
        yield
    finally:
        module.requires_grad_(True)
