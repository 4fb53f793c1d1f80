from __future__ import annotations

import pytest
import torch
from torch import Tensor

import priorsr


def loss(student: Tensor, teacher: Tensor) -> float:
    channels = {"student_channels": (student.shape[1],), "teacher_channels": (teacher.shape[1],)}
    return priorsr.create("distillation", "attention_transfer", **channels)([student], [teacher]).item()


def test_it_is_the_squared_distance_of_maps_of_unit_length() -> None:
    torch.manual_seed(0)
    student, teacher = torch.randn(3, 2, 4, 5), torch.randn(3, 7, 4, 5)
    wanted = 0.0
    for s, t in zip(student, teacher, strict=True):
        q, r = (feature.square().sum(0).flatten() for feature in (s, t))
        wanted += (q / q.norm() - r / r.norm()).square().sum().item() / 3
    assert loss(student, teacher) == pytest.approx(wanted, rel=1e-5)


def test_it_minds_where_and_not_what() -> None:
    student = torch.rand(2, 4, 6, 6)
    assert loss(student, -3 * student.flip(1)) == pytest.approx(0, abs=1e-6)


def test_maps_that_do_not_meet_are_two_apart() -> None:
    left, right = torch.zeros(2, 1, 1, 2, 2)
    left[..., 0], right[..., 1] = 1, 1
    assert loss(left, right) == pytest.approx(2)


def test_a_dead_feature_gives_no_nan() -> None:
    dead = torch.zeros(1, 2, 4, 4, requires_grad=True)
    channels = {"student_channels": (2,), "teacher_channels": (2,)}
    priorsr.create("distillation", "attention_transfer", **channels)([dead], [torch.rand(1, 2, 4, 4)]).backward()
    assert dead.grad is not None
    assert dead.grad.isfinite().all()
