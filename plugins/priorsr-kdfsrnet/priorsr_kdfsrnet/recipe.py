"""How KDFSRNet is trained: the teacher by itself, then the student with the teacher beside."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from priorsr.errors import OptionError
from priorsr.losses import l1
from priorsr.registry import PartSpec, build_part
from priorsr.training import (
    Duration,
    Optimiser,
    Progress,
    Schedule,
    Stage,
    Step,
    constant,
    cosine,
    epochs,
    fraction,
)
from priorsr.types import Batch
from priorsr_kdfsrnet.config import KDFSRNetConfig, KDFSRNetTeacherConfig
from priorsr_kdfsrnet.model import KDFSRNet, KDFSRNetTeacher

NANO: dict[str, Any] = {
    "student": KDFSRNetConfig(**KDFSRNetConfig.presets["nano"]),
    "teacher": KDFSRNetTeacherConfig(**KDFSRNetTeacherConfig.presets["nano"]),
    "features_until": fraction(0.3),
    "teacher_share": 0.2,
    "learning_rate": 1e-3,
    "schedule": cosine(warmup=fraction(0.02)),
    "batch_size": 16,
    "flip": True,
    "ema": 0.999,
    "clip": 1.0,
    "length": epochs(100),
}


@dataclass(frozen=True)
class KDFSRNetRecipeConfig:
    """What training depends on; the defaults are the released schedule, the preset `paper`.

    distil: whether there is a teacher at all; without one, the student is trained by itself (the ablation).
    feature_loss, output_loss: what the student is compared to the teacher by, of kind `distillation`.
    feature_weight: weight of the feature term at the start; it falls linearly to 0 at `features_until`, after which the
        student is trained by L1 alone, as the paper's after epoch 10.
    output_weight: weight of the output term while the feature term lasts.
    teacher_share: the teacher's share when a whole run is given its steps or minutes.
    length: of each stage, when it is not.
    nano: fractions of the stage instead of epochs, so that a short run reaches the switch; a falling learning rate, an
        average of the weights (EMA) and flips, none of which the paper uses.
    """

    student: KDFSRNetConfig = field(default_factory=KDFSRNetConfig)
    teacher: KDFSRNetTeacherConfig = field(default_factory=KDFSRNetTeacherConfig)
    distil: bool = True
    feature_loss: PartSpec = "stage_l1"
    output_loss: PartSpec = "soft_output"
    feature_weight: float = 10.0
    output_weight: float = 0.1
    features_until: Duration = field(default_factory=lambda: epochs(10))
    learning_rate: float = 1e-4
    schedule: Schedule = field(default_factory=constant)
    batch_size: int = 8
    flip: bool = False
    quarter_turns: bool = False
    ema: float | None = None
    clip: float | None = None
    length: Duration = field(default_factory=lambda: epochs(400))
    teacher_share: float = 0.3
    reduction: str = "pil-bicubic"

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {}, "nano": NANO}

    def __post_init__(self) -> None:
        if self.student.scale != self.teacher.scale:
            raise OptionError(f"the student's scale is {self.student.scale} and the teacher's {self.teacher.scale}")
        if not 0 < self.teacher_share < 1:
            raise OptionError(f"teacher_share is {self.teacher_share}; a number between 0 and 1 was expected")
        for name in ("feature_weight", "output_weight"):
            weight = getattr(self, name)
            if not (math.isfinite(weight) and weight >= 0):
                raise OptionError(f"{name} is {weight}; a finite number from 0 was expected")
        if not self.features_until.value:
            raise OptionError(
                f"features_until is 0 {self.features_until.unit}; more was expected (distil=False leaves it out)"
            )


class KDFSRNetRecipe:
    """KDFSRNet's two stages: `teacher` (L1), then `student` (L1, and while it lasts the distillation).

    At epoch i of the paper, from 0, the student's loss is L1(sr, hr) + 10 * (10 - i) / 10 * (mean over 9 stages of
    L1(features)) + 0.1 * L1(sr, teacher's sr) while i <= 10, and L1(sr, hr) afterwards; with `features_until` in
    fractions the weight falls step by step instead of epoch by epoch.

    Source: KDFSRNet (TCSVT 2022) as released. Departures: none in `paper`; those of `nano` stand in its config.
    """

    kind = "recipe"
    Config = KDFSRNetRecipeConfig

    def __init__(self, config: KDFSRNetRecipeConfig) -> None:
        self.config = config
        self.scale = config.student.scale
        self.reduction = config.reduction

    def stages(self) -> list[Stage]:
        student = KDFSRNet(self.config.student)
        if not self.config.distil:
            return [self._stage("student", {"student": student}, self._learn_alone)]
        teacher = KDFSRNetTeacher(self.config.teacher)
        widths = {
            "student_channels": (self.config.student.width,) * len(self.config.student.depths),
            "teacher_channels": (self.config.teacher.width,) * len(self.config.teacher.depths),
        }
        modules = {
            "student": student,
            "teacher": teacher,
            "feature_loss": build_part("distillation", self.config.feature_loss, **widths),
            "output_loss": build_part(
                "distillation", self.config.output_loss, student_channels=(3,), teacher_channels=(3,)
            ),
        }
        return [
            self._stage("teacher", {"teacher": teacher}, self._learn_alone),
            self._stage("student", modules, self._learn_from_teacher),
        ]

    def _stage(self, product: str, modules: dict[str, nn.Module], step: Step) -> Stage:
        config = self.config
        frozen = frozenset(modules) & {"teacher"} - {product}
        trained = tuple(name for name in modules if name not in frozen)
        optimiser = Optimiser(
            trained, "adam", lr=config.learning_rate, betas=(0.9, 0.99), schedule=config.schedule, clip=config.clip
        )
        return Stage(
            name=product,
            modules=modules,
            frozen=frozen,
            optimisers={product: optimiser},
            step=step,
            length=config.length,
            share=config.teacher_share if product == "teacher" else 1 - config.teacher_share,
            starts_from={name: name for name in frozen},
            product=product,
            ema=config.ema,
            batch_size=config.batch_size,
            flip=config.flip,
            quarter_turns=config.quarter_turns,
        )

    def _learn_alone(self, modules: Mapping[str, nn.Module], batch: Batch, _: Progress) -> dict[str, Tensor]:
        ((name, model),) = modules.items()
        return {name: l1(model(batch.lr, batch.prior).sr, batch.hr)}

    def _learn_from_teacher(
        self, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress
    ) -> dict[str, Tensor]:
        left = self._left(progress)
        student = modules["student"](batch.lr, with_features=left >= 0)
        loss = l1(student.sr, batch.hr)
        if left >= 0:
            with torch.no_grad():
                teacher = modules["teacher"](batch.lr, batch.prior, with_features=True)
            loss = loss + self.config.feature_weight * left * modules["feature_loss"](
                student.features, teacher.features
            )
            loss = loss + self.config.output_weight * modules["output_loss"]([student.sr], [teacher.sr])
        return {"student": loss}

    def _left(self, progress: Progress) -> float:
        """What is left of the distillation: 1 at the start, 0 at its end, negative afterwards."""
        until = self.config.features_until
        passed = progress.epoch / until.value if until.unit == "epochs" else progress.passed(until)
        return 1 - passed
