"""The student learns from the stages it is told to, from a teacher that is trained before or given."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

import priorsr
from priorsr.containers import Batch, Prior
from priorsr.errors import OptionError, WrongKindError
from priorsr.models import EncoderDecoder, EncoderDecoderConfig
from priorsr.training import Progress, TeacherStudentConfig, TeacherStudentRecipe, fraction, train
from priorsr.training.checkpoints import TENSORS
from priorsr.training.loop import below

SMALL = {"width": 8, "depth": 0, "levels": 2, "scale": 4}


class Recipe(TeacherStudentRecipe):
    """Of the skeleton as it is."""

    Student = Teacher = EncoderDecoder


def config(**options: object) -> TeacherStudentConfig:
    teacher = EncoderDecoderConfig(**SMALL, fusion="concat", fusion_at="input")
    return TeacherStudentConfig(
        student=EncoderDecoderConfig(**SMALL), teacher=teacher, features_until=fraction(0.5), **options
    )


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(0)
    parsing = torch.randn(2, 19, 16, 16).softmax(1)
    return Batch(torch.rand(2, 3, 4, 4), torch.rand(2, 3, 16, 16), Prior(parsing=parsing), ("a", "b"))


def test_the_features_asked_for_are_compared(batch: Batch) -> None:
    torch.manual_seed(1)
    _, stage = Recipe(config(feature_stages=(1, 4))).stages()
    student = stage.modules["student"](batch.lr, with_features=True).features
    teacher = stage.modules["teacher"](batch.lr, batch.prior, with_features=True).features
    wanted = (F.l1_loss(student[1], teacher[1]) + F.l1_loss(student[4], teacher[4])) / 2
    losses, logs = stage.step(stage.modules, batch, Progress(0, 100, 10))
    assert logs["features"].item() == pytest.approx(wanted.item(), rel=1e-5)
    assert losses["student"].item() == pytest.approx(
        (logs["pixel"] + 10 * logs["features"] + 0.1 * logs["output"]).item(), rel=1e-5
    )


def test_networks_without_features_are_refused_before_the_run() -> None:
    class Silent(EncoderDecoder):
        def forward(self, lr, prior=None):
            return super().forward(lr, prior)

    class Silenced(Recipe):
        Teacher = Silent

    with pytest.raises(WrongKindError, match="the teacher Silent takes no with_features"):
        Silenced(config()).stages()
    assert [stage.name for stage in Silenced(config(distil=False)).stages()] == ["student"]


def test_features_without_a_weight_are_not_compared(batch: Batch) -> None:
    _, stage = Recipe(config(feature_weight=0.0)).stages()
    assert set(stage.modules) == {"student", "teacher", "output_loss"}
    assert stage.absent == {"features": "feature_weight is 0"}
    losses, logs = stage.step(stage.modules, batch, Progress(0, 100, 10))
    wanted = F.l1_loss(stage.modules["student"](batch.lr).sr, stage.modules["teacher"](batch.lr, batch.prior).sr)
    assert logs["output"].item() == pytest.approx(wanted.item(), rel=1e-5)
    assert losses["student"].item() == pytest.approx((logs["pixel"] + 0.1 * logs["output"]).item(), rel=1e-5)
    alone, _ = stage.step(stage.modules, batch, Progress(60, 100, 10))  # after features_until
    assert alone["student"].item() == pytest.approx(logs["pixel"].item(), rel=1e-5)


def test_a_given_teacher_is_not_trained_again(tmp_path: Path, tiny_faces: Path) -> None:
    torch.manual_seed(2)
    teacher = priorsr.create("model", "encoder_decoder", **SMALL, fusion="concat", fusion_at="input")
    priorsr.save(teacher, tmp_path / "teacher.safetensors")
    (stage,) = Recipe(config(teacher_weights=tmp_path / "teacher.safetensors")).stages()
    assert (stage.name, stage.frozen) == ("student", {"teacher"})
    given = Recipe(config(teacher_weights=tmp_path / "teacher.safetensors"))
    result = train(given, tiny_faces, tmp_path / "run", steps=1)
    assert set(result.products) == {"student"}
    assert stage.starts_from == {"teacher": tmp_path / "teacher.safetensors"}
    (checkpoint,) = (tmp_path / "run" / "checkpoints").iterdir()
    beside = below(load_file(checkpoint / TENSORS), "modules/teacher/")
    assert all(torch.equal(beside[name], value) for name, value in teacher.state_dict().items())


def test_a_student_sees_no_prior() -> None:
    with pytest.raises(OptionError, match=r"the student's fusion is 'concat'; none was expected.*teacher\.fusion"):
        TeacherStudentConfig(student=EncoderDecoderConfig(fusion="concat"))


def test_a_stage_that_is_not_there_is_told() -> None:
    with pytest.raises(
        OptionError, match="feature_stages has 5; stages from 0 to 4, which both networks have, were expected"
    ):
        config(feature_stages=(0, 5))
