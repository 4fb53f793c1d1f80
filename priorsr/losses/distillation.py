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
    name = "stage_l1"

    def __init__(self, student_channels: Sequence[int], teacher_channels: Sequence[int]) -> None:
        super().__init__()
        self.channels = tuple(student_channels)
        if self.channels != tuple(teacher_channels):
            raise OptionError(
                f"{self.name} compares equal channels, and the student has {self.channels}, the teacher "
                f"{tuple(teacher_channels)}: choose a distillation with adapters"
            )

    def forward(self, student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
        if not len(student) == len(teacher) == len(self.channels):
            raise ShapeError(
                f"{self.name}: {len(student)} and {len(teacher)} tensors; {len(self.channels)} each were expected"
            )
        distances = []
        for s, t, channels in zip(student, teacher, self.channels, strict=True):
            check_map(s, channels, self.name, "student's tensor")
            check_same(s, t, self.name, "the student's and the teacher's tensors")
            distances.append(F.l1_loss(wide(s), wide(t.detach())))
        return torch.stack(distances).mean()


class SoftOutput(StageL1):
    """The mean over images of the L1 distance between a student's and a teacher's.

    Shapes: two sequences of as many images, pairwise of the same shape -> a scalar. A misfit raises ShapeError.
    Range: [0, inf); the teacher's side is detached. Computed in float32 at least.
    Source: KDFSRNet (TCSVT 2022), the output term, which has one image.
    """

    name = "soft_output"
