"""Small recipes, and small faces to train them on. Importing this registers the recipes; as a script it is priorsr."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

import priorsr
from priorsr.containers import Batch, Prior, SROutput
from priorsr.data import About, Face, Pixels, write_face_set
from priorsr.registry import find
from priorsr.training import Optimiser, Progress, Schedule, Stage, StepResult, cosine, fraction, steps


@dataclass(frozen=True)
class ToyConfig:
    width: int = 4
    scale: int = 4
    fusion: str = "concat"
    noisy: bool = True


@priorsr.register("model", "toy")
class Toy(nn.Module):
    """One hidden layer on top of nearest enlargement; if noisy, with state and randomness: batch norm and dropout."""

    kind = "model"
    Config = ToyConfig
    prior = "none"
    size_multiple = 1

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        find("fusion", config.fusion)
        self.config = config
        self.scale = config.scale
        self.head = nn.Conv2d(3, config.width, 3, padding=1)
        self.norm = nn.BatchNorm2d(config.width) if config.noisy else nn.Identity()
        self.tail = nn.Conv2d(config.width, 3, 3, padding=1)

    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
        up = F.interpolate(lr, scale_factor=self.scale)
        features = F.dropout(F.relu(self.norm(self.head(up))), 0.1, self.training and self.config.noisy)
        return SROutput(up + self.tail(features), features=(features,))


@dataclass(frozen=True)
class ToyRecipeConfig:
    student: ToyConfig = field(default_factory=ToyConfig)
    teacher: ToyConfig = field(default_factory=lambda: ToyConfig(width=6))
    learning_rate: float = 1e-2
    schedule: Schedule = field(default_factory=lambda: cosine(warmup=fraction(0.1)))
    ema: float | None = 0.9
    nan_at: int = -1
    seconds: float = 0.0
    dies: bool = False
    reduction: str = "pil-bicubic"

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {}, "slow": {"seconds": 0.02}}


@priorsr.register("recipe", "toy-distilled")
class ToyDistilled:
    """A teacher, then a student with the frozen teacher beside."""

    kind = "recipe"
    Config = ToyRecipeConfig

    def __init__(self, config: ToyRecipeConfig) -> None:
        self.config = config
        self.scale = config.student.scale
        self.reduction = config.reduction

    def stages(self) -> list[Stage]:
        teacher, student = Toy(self.config.teacher), Toy(self.config.student)
        shared: dict[str, Any] = {"length": steps(6), "batch_size": 4, "ema": self.config.ema}
        return [
            Stage(
                name="teacher",
                modules={"teacher": teacher},
                optimisers={"teacher": self._adam("teacher")},
                step=self._learn,
                product="teacher",
                **shared,
            ),
            Stage(
                name="student",
                modules={"student": student, "teacher": teacher},
                frozen=frozenset({"teacher"}),
                optimisers={"student": self._adam("student")},
                step=self._distil,
                product="student",
                starts_from={"teacher": "teacher"},
                absent={"perceptual": "a toy sees nothing"},
                share=2,
                **shared,
            ),
        ]

    def _adam(self, name: str) -> Optimiser:
        return Optimiser((name,), lr=self.config.learning_rate, schedule=self.config.schedule, clip=1.0)

    def _learn(self, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress) -> dict[str, Tensor]:
        return {"teacher": F.l1_loss(modules["teacher"](batch.lr).sr, batch.hr)}

    def _distil(self, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress) -> StepResult:
        time.sleep(self.config.seconds)
        if self.config.dies and progress.step == 5 and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
            os._exit(1)
        student, teacher = modules["student"](batch.lr), modules["teacher"](batch.lr)
        pixel = F.l1_loss(student.sr, batch.hr)
        soft = F.l1_loss(student.sr, teacher.sr)
        if progress.step == self.config.nan_at:
            soft = soft * float("nan")
        return StepResult({"student": pixel + soft}, {"pixel": pixel, "soft": soft})


@dataclass(frozen=True)
class ToyGanConfig:
    generator: ToyConfig = field(default_factory=ToyConfig)
    reduction: str = "pil-bicubic"


@priorsr.register("recipe", "toy-gan")
class ToyGan:
    """Pretraining by L1, then two networks against each other; the discriminator's loss comes as a callable."""

    kind = "recipe"
    Config = ToyGanConfig

    def __init__(self, config: ToyGanConfig) -> None:
        self.config = config
        self.scale = config.generator.scale
        self.reduction = config.reduction

    def stages(self) -> list[Stage]:
        generator = Toy(self.config.generator)
        discriminator = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.LeakyReLU(0.2), nn.Conv2d(4, 1, 3, stride=2))
        shared: dict[str, Any] = {"product": "generator", "length": steps(4), "batch_size": 4}
        return [
            Stage(
                name="pretrain",
                modules={"generator": generator},
                optimisers={"generator": Optimiser(("generator",), lr=1e-2)},
                step=lambda modules, batch, progress: {
                    "generator": F.mse_loss(modules["generator"](batch.lr).sr, batch.hr)
                },
                **shared,
            ),
            Stage(
                name="gan",
                modules={"generator": generator, "discriminator": discriminator},
                optimisers={
                    "generator": Optimiser(("generator",), lr=1e-3),
                    "discriminator": Optimiser(("discriminator",), "adamw", lr=1e-3, weight_decay=0.1),
                },
                step=self._play,
                starts_from={"generator": "pretrain"},
                **shared,
            ),
        ]

    def _play(self, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress) -> dict[str, Any]:
        fake = modules["generator"](batch.lr).sr
        critic = modules["discriminator"]
        generator = F.l1_loss(fake, batch.hr) - 0.01 * critic(fake).mean()

        def discriminator() -> Tensor:
            return F.relu(1 - critic(batch.hr)).mean() + F.relu(1 + critic(fake.detach())).mean()

        return {"generator": generator, "discriminator": discriminator}


@priorsr.register("recipe", "toy-nearest")
class ToyNearest(ToyDistilled):
    """Two stages whose products enlarge by repeating pixels, and learn nothing at a rate of 0: exact on even images."""

    def stages(self) -> list[Stage]:
        stages = super().stages()
        for module in stages[1].modules.values():
            nn.init.zeros_(module.tail.weight)
            nn.init.zeros_(module.tail.bias)
        return stages


def make_faces(
    folder: Path, *, size: int = 32, train: int = 12, val: int = 3, seed: int = 0, black: bool = False
) -> Path:
    """A face set of smooth coloured noise; the faces of val may be black."""
    rng = np.random.default_rng(seed)

    def pixels() -> Pixels:
        coarse = Image.fromarray(rng.integers(0, 256, (size // 8, size // 8, 3), dtype=np.uint8))
        return Pixels(np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC)))

    names = [("train", i) for i in range(train)] + [("val", i) for i in range(val)]
    images = [pixels() for _ in names]
    if black:
        images[train:] = [Pixels(np.zeros((size, size, 3), np.uint8))] * val
    faces = [
        Face(f"{split}{i}", split, f"{seed}{black}", lambda image=image: image)
        for (split, i), image in zip(names, images, strict=True)
    ]
    write_face_set(folder, faces, About("toy faces", "drawn", "none"))
    return folder


if __name__ == "__main__":
    from priorsr.cli.main import main

    main()
