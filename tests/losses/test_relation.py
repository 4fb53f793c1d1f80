from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import priorsr
from priorsr.errors import OptionError


def loss(student: Tensor, teacher: Tensor, **options: int) -> float:
    channels = {"student_channels": (student.shape[1],), "teacher_channels": (teacher.shape[1],)}
    return priorsr.create("distillation", "relation", **channels, **options)([student], [teacher]).item()


def test_it_compares_the_cosines_of_every_two_places() -> None:
    torch.manual_seed(0)
    student, teacher = torch.randn(2, 3, 2, 3), torch.randn(2, 5, 2, 3)
    wanted = 0.0
    for s, t in zip(student.flatten(2), teacher.flatten(2), strict=True):
        for i in range(6):
            for j in range(6):
                a, b = (F.cosine_similarity(f[:, i], f[:, j], 0).item() for f in (s, t))
                wanted += (a - b) ** 2 / 72
    assert loss(student, teacher) == pytest.approx(wanted, rel=1e-5)


def test_a_rotation_of_the_channels_changes_no_relation() -> None:
    torch.manual_seed(0)
    student = torch.randn(2, 4, 5, 5)
    rotation = torch.linalg.qr(torch.randn(4, 4)).Q
    teacher = 3 * torch.einsum("dc,bchw->bdhw", rotation, student)
    assert loss(student, teacher) == pytest.approx(0, abs=1e-10)


def test_large_features_are_averaged_down() -> None:
    torch.manual_seed(0)
    student, teacher = torch.randn(2, 1, 3, 8, 8)
    pooled = (F.avg_pool2d(feature, 2) for feature in (student, teacher))
    assert loss(student, teacher, max_side=4) == pytest.approx(loss(*pooled), rel=1e-5)


def test_a_single_place_is_refused() -> None:
    with pytest.raises(OptionError, match="max_side is 1"):
        loss(torch.rand(1, 2, 4, 4), torch.rand(1, 2, 4, 4), max_side=1)
