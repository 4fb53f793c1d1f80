"""Distillation losses: the common base class, and the two simplest losses."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.errors import OptionError, ShapeError
from priorsr.execution.half import wide
from priorsr.shapes import check_map


class StageDistillation(nn.Module):
    """Base class of losses that average a distance between a student's and a teacher's features over stages.

    A subclass has a `name` for messages, and defines `distance` of two features (B,Cs,H,W) and (B,Ct,H,W) of a stage,
    which it receives in float32 at least, the teacher's detached.
    """

    kind = "distillation"
    name: str

    def __init__(self, student_channels: Sequence[int], teacher_channels: Sequence[int]) -> None:
        super().__init__()
        self.student_channels, self.teacher_channels = tuple(student_channels), tuple(teacher_channels)
        if len(self.student_channels) != len(self.teacher_channels) or not self.student_channels:
            raise OptionError(
                f"{self.name}: the student has {len(self.student_channels)} stages and the teacher "
                f"{len(self.teacher_channels)}; as many, one or more, were expected"
            )

    @abstractmethod
    def distance(self, stage: int, student: Tensor, teacher: Tensor) -> Tensor:
        """Return the distance of one stage's features, a scalar."""

    def forward(self, student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
        stages = len(self.student_channels)
        if not len(student) == len(teacher) == stages:
            raise ShapeError(f"{self.name}: {len(student)} and {len(teacher)} tensors; {stages} each were expected")
        distances = []
        for stage, (s, t) in enumerate(zip(student, teacher, strict=True)):
            check_map(s, self.student_channels[stage], self.name, "student's tensor")
            check_map(t, self.teacher_channels[stage], self.name, "teacher's tensor")
            if s.shape[0] != t.shape[0] or s.shape[2:] != t.shape[2:]:
                raise ShapeError(
                    f"{self.name}: the student's and the teacher's tensors have shapes {tuple(s.shape)} and "
                    f"{tuple(t.shape)}; the same shape, but for the channels, was expected"
                )
            distances.append(self.distance(stage, wide(s), wide(t.detach())))
        return torch.stack(distances).mean()


class StageL1(StageDistillation):
    """The mean over stages of the L1 distance between a student's and a teacher's features.

    Shapes: two sequences of equal length, tensors pairwise of the same shape -> a scalar. Wrong shapes raise
        ShapeError, unequal channels OptionError.
    Range: [0, inf); teacher features are detached. Computed in float32 at least.
    Source: KDFSRNet (TCSVT 2022), the feature term over its nine stages.
    """

    name = "stage_l1"

    def __init__(self, student_channels: Sequence[int], teacher_channels: Sequence[int]) -> None:
        super().__init__(student_channels, teacher_channels)
        if self.student_channels != self.teacher_channels:
            raise OptionError(
                f"{self.name} compares equal channels, and the student has {self.student_channels}, the teacher "
                f"{self.teacher_channels}: choose a distillation with adapters"
            )

    def distance(self, stage: int, student: Tensor, teacher: Tensor) -> Tensor:  # noqa: ARG002  # all stages alike
        return F.l1_loss(student, teacher)


class SoftOutput(StageL1):
    """The L1 distance between the student's and the teacher's output images, averaged over the images.

    Shapes: two sequences of equal length, images pairwise of the same shape -> a scalar. Wrong shapes raise ShapeError,
        unequal channels OptionError.
    Range: [0, inf); teacher images are detached. Computed in float32 at least.
    Source: KDFSRNet (TCSVT 2022), the output term, which has one image.
    """

    name = "soft_output"
