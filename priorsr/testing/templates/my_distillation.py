"""Distillation by the direction of features."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from priorsr.losses import StageDistillation
from torch import Tensor, nn


class MyDistillation(StageDistillation):
    """The mean over stages of one minus the cosine similarity of a student's and a teacher's features, at each pixel.

    A 1x1 convolution, which is trained with the student, brings the student's channels to the teacher's.

    bias: whether that convolution has one.

    Shapes: two sequences of as many tensors, pairwise of the same shape but for channels -> a scalar. Wrong shapes
        raise ShapeError.
    Range: 0 to 2; teacher features are detached. Computed in float32 at least.
    Source: ours.
    """

    name = "my_distillation"
    contract = 2  # the version of the contract, see priorsr.testing

    def __init__(self, student_channels: Sequence[int], teacher_channels: Sequence[int], *, bias: bool = False) -> None:
        super().__init__(student_channels, teacher_channels)
        pairs = zip(self.student_channels, self.teacher_channels, strict=True)
        self.adapters = nn.ModuleList(nn.Conv2d(student, teacher, 1, bias=bias) for student, teacher in pairs)

    def distance(self, stage: int, student: Tensor, teacher: Tensor) -> Tensor:
        adapter = self.adapters[stage]
        adapted = adapter(student.to(adapter.get_parameter("weight").dtype)).to(teacher.dtype)
        return (1 - F.cosine_similarity(adapted, teacher, dim=1)).mean()
