"""What a student learns from its teacher."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.errors import OptionError, ShapeError
from priorsr.losses.precision import wide
from priorsr.shapes import check_map, check_same


class StageL1(nn.Module):
    """The mean over stages of the L1 distance between a student's and a teacher's features.

    Shapes: two sequences of as many tensors, pairwise of the same shape -> a scalar. A misfit raises ShapeError.
    Range: [0, inf); the teacher's side is detached. Computed in float32 at least.
    Source: KDFSRNet (TCSVT 2022), the feature term over its nine stages.
    """

    kind = "distillation"

    def __init__(self, student_channels: Sequence[int], teacher_channels: Sequence[int]) -> None:
        super().__init__()
        self.channels = _equal(student_channels, teacher_channels, "stage_l1")

    def forward(self, student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
        return _mean_l1(student, teacher, self.channels, "stage_l1")


class SoftOutput(nn.Module):
    """The mean over images of the L1 distance between a student's and a teacher's.

    Shapes: two sequences of as many images, pairwise of the same shape -> a scalar. A misfit raises ShapeError.
    Range: [0, inf); the teacher's side is detached. Computed in float32 at least.
    Source: KDFSRNet (TCSVT 2022), the output term, which has one image.
    """

    kind = "distillation"

    def __init__(self, student_channels: Sequence[int] = (3,), teacher_channels: Sequence[int] = (3,)) -> None:
        super().__init__()
        self.channels = _equal(student_channels, teacher_channels, "soft_output")

    def forward(self, student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
        return _mean_l1(student, teacher, self.channels, "soft_output")


def _equal(student_channels: Sequence[int], teacher_channels: Sequence[int], who: str) -> tuple[int, ...]:
    if tuple(student_channels) != tuple(teacher_channels):
        raise OptionError(
            f"{who} compares equal channels, and the student has {tuple(student_channels)}, the teacher "
            f"{tuple(teacher_channels)}: choose a distillation with adapters"
        )
    return tuple(student_channels)


def _mean_l1(student: Sequence[Tensor], teacher: Sequence[Tensor], channels: tuple[int, ...], who: str) -> Tensor:
    if not len(student) == len(teacher) == len(channels):
        raise ShapeError(f"{who}: {len(student)} and {len(teacher)} tensors; {len(channels)} each were expected")
    for s, t, wanted in zip(student, teacher, channels, strict=True):
        check_map(s, wanted, who, "student's tensor")
        check_same(s, t, who, "the student's and the teacher's tensors")
    pairs = zip(student, teacher, strict=True)
    return torch.stack([F.l1_loss(wide(s), wide(t.detach())) for s, t in pairs]).mean()
