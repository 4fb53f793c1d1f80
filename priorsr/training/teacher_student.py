"""Recipes that train a teacher first, then a student that learns from the frozen teacher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from priorsr.config import check_not_negative
from priorsr.containers import Batch
from priorsr.errors import OptionError
from priorsr.kinds import check_teaches
from priorsr.losses import l1
from priorsr.models import EncoderDecoderConfig
from priorsr.registry import PartSpec, build_part
from priorsr.training.durations import Duration, Progress, epochs, fraction, steps
from priorsr.training.schedules import Schedule, constant, cosine, stable_decay
from priorsr.training.stage import Optimiser, Stage, Step, StepResult

NANO: Mapping[str, Any] = {
    "learning_rate": 1e-3,
    "schedule": cosine(warmup=fraction(0.02)),
    "batch_size": 8,
    "flip": True,
    "ema": 0.999,
    "clip": 1.0,
    "length": epochs(100),
}
"""Settings to train a small network within minutes: small batches, a falling learning rate, flips, averaged weights."""

SMALL: Mapping[str, Any] = {
    "learning_rate": 5e-4,  # at 1e-3, a teacher of 64 channels diverged as soon as its warm-up was over
    "schedule": stable_decay(warmup=steps(500)),
    "batch_size": 16,
    "flip": True,
    "zoom": 1.25,
    "ema": 0.999,
    "clip": 1.0,
    "length": steps(20_000),
}
"""Settings that train a network of about 2 M parameters within hours, on faces of several crops, in extendable runs."""


@dataclass(frozen=True)
class TeacherStudentConfig:
    """Config for training a student with a teacher; subclasses give the defaults of `student` and `teacher`.

    student, teacher: configs of the two networks.
    distil: False trains the student without a teacher (the ablation).
    teacher_weights: a .safetensors file of a trained teacher, which is then not trained again.
    feature_loss, output_loss: losses of kind `distillation` between features and outputs of student and teacher.
    feature_stages: indices of the compared stage outputs, from 0 to 2 * levels; None for all.
    feature_weight: weight of the feature loss at the start. It falls linearly to 0 at `features_until`, after which the
        student is trained by L1 alone. 0 leaves the feature loss out.
    output_weight: weight of the output loss until `features_until`.
    teacher_share: the teacher's part of the run, if the run is given its steps or minutes.
    length: length of each stage otherwise.
    learning_rate: the highest learning rate. schedule: its course. batch_size: faces per step, over all processes.
    flip, quarter_turns, zoom: augmentation, see `priorsr.data.augmentation.Augmentation`.
    ema: decay of the moving average of the weights; None for no average. clip: the largest norm of the gradients.
    reduction: the kernel that makes LR images.
    """

    student: EncoderDecoderConfig = field(default_factory=EncoderDecoderConfig)
    teacher: EncoderDecoderConfig = field(default_factory=EncoderDecoderConfig)
    distil: bool = True
    teacher_weights: Path | None = None
    feature_loss: PartSpec = "stage_l1"
    output_loss: PartSpec = "soft_output"
    feature_stages: tuple[int, ...] | None = None
    feature_weight: float = 10.0
    output_weight: float = 0.1
    features_until: Duration = field(default_factory=lambda: epochs(10))
    learning_rate: float = 1e-4
    schedule: Schedule = field(default_factory=constant)
    batch_size: int = 8
    flip: bool = False
    quarter_turns: bool = False
    zoom: float = 1.0
    ema: float | None = None
    clip: float | None = None
    length: Duration = field(default_factory=lambda: epochs(400))
    teacher_share: float = 0.3
    reduction: str = "pil-bicubic"

    def __post_init__(self) -> None:
        if self.student.scale != self.teacher.scale:
            raise OptionError(
                f"the student's scale is {self.student.scale} and the teacher's {self.teacher.scale}; the same was "
                "expected"
            )
        if self.student.fusion is not None:
            raise OptionError(
                f"the student's fusion is {self.student.fusion!r}; none was expected, since a student sees no prior: "
                "set teacher.fusion alone"
            )
        if not 0 < self.teacher_share < 1:
            raise OptionError(f"teacher_share is {self.teacher_share}; a number between 0 and 1 was expected")
        check_not_negative(self, "feature_weight", "output_weight")
        if not self.features_until.value:
            raise OptionError(
                f"features_until is 0 {self.features_until.unit}; a duration above 0 was expected "
                "(distil=False trains the student without a teacher)"
            )
        count = min(len(self.student.depths), len(self.teacher.depths))
        for stage in self.compared:
            if not 0 <= stage < count:
                raise OptionError(
                    f"feature_stages has {stage}; stages from 0 to {count - 1}, which both networks have, were expected"
                )

    @property
    def compared(self) -> tuple[int, ...]:
        """Return the stage outputs that the feature loss compares."""
        return tuple(range(len(self.student.depths))) if self.feature_stages is None else self.feature_stages


class TeacherStudentRecipe:
    """Two stages: `teacher` (L1), then `student` (L1, and until `features_until` distillation from the frozen teacher).

    The student's loss is L1(sr, hr) + feature_weight * left * feature_loss(features) + output_weight *
    output_loss(sr, teacher's sr), where `left` falls linearly from 1 to 0 at `features_until`, and L1(sr, hr)
    afterwards. `left` falls epoch by epoch if `features_until` is in epochs, step by step otherwise. Subclasses name
    the networks in `Student` and `Teacher`.

    Source: KDFSRNet (TCSVT 2022), whose schedule this is; the choice of stages and losses is ours.
    """

    kind = "recipe"
    Config: type = TeacherStudentConfig
    Student: ClassVar[type[nn.Module]]
    Teacher: ClassVar[type[nn.Module]]

    def __init__(self, config: TeacherStudentConfig) -> None:
        self.config = config
        self.scale = config.student.scale
        self.reduction = config.reduction

    def stages(self) -> list[Stage]:
        config = self.config
        student = self.Student(config.student)
        if not config.distil:
            return [self._stage("student", {"student": student}, self._learn_alone)]
        teacher = self.Teacher(config.teacher)
        check_teaches(student, "the student")
        check_teaches(teacher, "the teacher")
        modules = {
            "student": student,
            "teacher": teacher,
            "output_loss": build_part("distillation", config.output_loss, student_channels=(3,), teacher_channels=(3,)),
        }
        if config.feature_weight:
            widths = {
                "student_channels": (config.student.width,) * len(config.compared),
                "teacher_channels": (config.teacher.width,) * len(config.compared),
            }
            modules["feature_loss"] = build_part("distillation", config.feature_loss, **widths)
        distilled = self._stage("student", modules, self._learn_from_teacher)
        if config.teacher_weights:
            return [distilled]
        return [self._stage("teacher", {"teacher": teacher}, self._learn_alone), distilled]

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
            starts_from={name: config.teacher_weights or name for name in frozen},
            product=product,
            ema=config.ema,
            batch_size=config.batch_size,
            flip=config.flip,
            quarter_turns=config.quarter_turns,
            zoom=config.zoom,
            absent={"features": "feature_weight is 0"} if frozen and "feature_loss" not in modules else {},
        )

    def _learn_alone(self, modules: Mapping[str, nn.Module], batch: Batch, _: Progress) -> dict[str, Tensor]:
        ((name, model),) = modules.items()
        return {name: l1(model(batch.lr, batch.prior).sr, batch.hr)}

    def _learn_from_teacher(self, modules: Mapping[str, nn.Module], batch: Batch, progress: Progress) -> StepResult:
        config, left = self.config, self._left(progress)
        with_features = left >= 0 and "feature_loss" in modules
        student = modules["student"](batch.lr, with_features=with_features)
        terms = {"pixel": l1(student.sr, batch.hr)}
        if left < 0:
            return StepResult({"student": terms["pixel"]}, terms)
        with torch.no_grad():
            teacher = modules["teacher"](batch.lr, batch.prior, with_features=with_features)
        terms["output"] = modules["output_loss"]([student.sr], [teacher.sr])
        loss = terms["pixel"] + config.output_weight * terms["output"]
        if with_features:
            pairs = [[output.features[stage] for stage in config.compared] for output in (student, teacher)]
            terms["features"] = modules["feature_loss"](*pairs)
            loss = loss + config.feature_weight * left * terms["features"]
        return StepResult({"student": loss}, terms)

    def _left(self, progress: Progress) -> float:
        """Return the remaining part of the distillation: 1 at its start, 0 at its end, negative afterwards."""
        until = self.config.features_until
        passed = progress.epoch / until.value if until.unit == "epochs" else progress.passed(until)
        return 1 - passed
