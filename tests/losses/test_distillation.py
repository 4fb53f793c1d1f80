"""Distillation losses against their formulas."""

from __future__ import annotations

import pytest
import torch

import priorsr
from priorsr.errors import OptionError, ShapeError


def test_stage_l1_is_the_mean_of_the_stages_means() -> None:
    loss = priorsr.create("distillation", "stage_l1", student_channels=(2, 3), teacher_channels=(2, 3))
    student = [torch.zeros(1, 2, 8, 8), torch.zeros(1, 3, 2, 2)]
    teacher = [torch.full((1, 2, 8, 8), 1.0), torch.full((1, 3, 2, 2), 3.0)]
    assert loss(student, teacher).item() == 2.0  # the small stage counts as much as the large one


def test_bfloat16_is_summed_in_float32() -> None:
    loss = priorsr.create("distillation", "soft_output", student_channels=(3,), teacher_channels=(3,))
    sr = torch.rand(1, 3, 64, 64).bfloat16()
    assert loss([sr], [torch.zeros_like(sr)]).dtype == torch.float32


@pytest.mark.parametrize("name", ["stage_l1", "soft_output"])
def test_misfits_are_told(name: str) -> None:
    with pytest.raises(OptionError, match="choose a distillation with adapters"):
        priorsr.create("distillation", name, student_channels=(4,), teacher_channels=(8,))
    loss = priorsr.create("distillation", name, student_channels=(4,), teacher_channels=(4,))
    with pytest.raises(ShapeError, match="2 and 1 tensors; 1 each"):
        loss([torch.rand(1, 4, 2, 2)] * 2, [torch.rand(1, 4, 2, 2)])
    with pytest.raises(ShapeError, match="the same shape"):
        loss([torch.rand(1, 4, 2, 2)], [torch.rand(1, 4, 1, 2)])


def test_stages_are_compared_in_pairs() -> None:
    with pytest.raises(OptionError, match="the student has 2 stages and the teacher 1"):
        priorsr.create("distillation", "hint", student_channels=(4, 4), teacher_channels=(4,))
    with pytest.raises(OptionError, match="as many, one or more, were expected"):
        priorsr.create("distillation", "relation", student_channels=(), teacher_channels=())


@pytest.mark.parametrize("name", ["attention_transfer", "hint", "relation"])
def test_channels_may_differ_and_sides_may_not(name: str) -> None:
    loss = priorsr.create("distillation", name, student_channels=(4,), teacher_channels=(6,))
    student = torch.rand(2, 4, 3, 3)
    assert loss([student], [torch.rand(2, 6, 3, 3)]).isfinite()
    with pytest.raises(ShapeError, match="teacher's tensor has shape"):
        loss([student], [torch.rand(2, 4, 3, 3)])
    for shape in ((2, 6, 3, 4), (1, 6, 3, 3)):
        with pytest.raises(ShapeError, match="the same shape, but for the channels"):
            loss([student], [torch.rand(shape)])
