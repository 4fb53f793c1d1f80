"""PKDN's student learns from its teacher to the end of its stage."""

from __future__ import annotations

import pytest
import torch

import priorsr
from priorsr.containers import Batch, Prior
from priorsr.training import Progress


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(0)
    parsing = torch.randn(2, 19, 32, 32).softmax(1)
    return Batch(torch.rand(2, 3, 4, 4), torch.rand(2, 3, 32, 32), Prior(parsing=parsing), ("a", "b"))


def test_the_teacher_comes_first_and_is_frozen_then() -> None:
    teacher, student = priorsr.create("recipe", "pkdn", preset="nano").stages()
    assert (teacher.name, teacher.product, teacher.frozen) == ("teacher", "teacher", frozenset())
    assert (student.name, student.product, student.frozen) == ("student", "student", {"teacher"})
    assert student.starts_from == {"teacher": "teacher"}
    assert teacher.modules["teacher"].prior == "required"
    assert student.modules["student"].prior == "none"


def test_distillation_falls_to_the_end(batch: Batch) -> None:
    torch.manual_seed(1)
    recipe = priorsr.create("recipe", "pkdn", preset="nano", feature_weight=2.0)
    _, stage = recipe.stages()
    weights = []
    for step in (0, 5, 9):
        losses, logs = stage.step(stage.modules, batch, Progress(step, 10, 100))
        rest = losses["student"] - logs["pixel"] - recipe.config.output_weight * logs["output"]
        weights.append((rest / logs["features"]).item())
    assert weights == pytest.approx([recipe.config.feature_weight * left for left in (1.0, 0.5, 0.1)], rel=1e-3)


def test_nano_distils_the_output_alone() -> None:
    _, stage = priorsr.create("recipe", "pkdn", preset="nano").stages()
    assert set(stage.modules) == {"student", "teacher", "output_loss"}
    assert set(stage.absent) == {"features"}


def test_without_distillation_there_is_no_teacher() -> None:
    (stage,) = priorsr.create("recipe", "pkdn", preset="nano", distil=False).stages()
    assert list(stage.modules) == ["student"]
