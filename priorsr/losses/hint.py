"""Distillation by hints: regress the teacher's features from the student's."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.execution.half import wide
from priorsr.losses.distillation import StageDistillation


class Hint(StageDistillation):
    """The mean squared error of the teacher's features regressed from the student's, averaged over stages.

    Each stage has a regressor, a 1x1 convolution, which is trained with the student and discarded afterwards.

    Shapes: two sequences of equal length, tensors (B,Cs,H,W) and (B,Ct,H,W), pairwise with the same B, H and W -> a
        scalar. Wrong shapes raise ShapeError.
    Range: [0, inf); teacher features are detached. Computed in float32 at least.
    Source: FitNets (ICLR 2015), eq. 3. Departures: all stages give a hint, not one; the mean over the elements instead
        of half their sum; 1x1 regressors, since heights and widths agree.
    """

    name = "hint"

    def __init__(self, student_channels: Sequence[int], teacher_channels: Sequence[int]) -> None:
        super().__init__(student_channels, teacher_channels)
        pairs = zip(self.student_channels, self.teacher_channels, strict=True)
        self.regressors = nn.ModuleList(nn.Conv2d(s, t, 1) for s, t in pairs)

    def distance(self, stage: int, student: Tensor, teacher: Tensor) -> Tensor:
        regressor = self.regressors[stage]
        return F.mse_loss(wide(regressor(student.to(regressor.get_parameter("weight").dtype))), teacher)
