"""The two networks are one skeleton, with the prior and without."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import priorsr
from priorsr import Prior, PriorsrError


def test_the_teacher_is_the_student_with_a_fusion() -> None:
    student, teacher = (priorsr.create("model", name, preset="nano") for name in ("pkdn", "pkdn-teacher"))
    shared = {key for key in teacher.state_dict() if not key.startswith("fusion.")}
    assert shared == set(student.state_dict())
    assert (student.prior, teacher.prior) == ("none", "required")
    assert len(teacher.fusion) == 4  # after every encoder stage


def test_at_the_start_the_teacher_answers_as_its_student() -> None:
    torch.manual_seed(0)
    student, teacher = (priorsr.create("model", name, preset="nano") for name in ("pkdn", "pkdn-teacher"))
    teacher.load_state_dict(student.state_dict(), strict=False)
    lr, parsing = torch.rand(1, 3, 4, 4), torch.randn(1, 19, 32, 32).softmax(1)
    assert torch.equal(teacher(lr, Prior(parsing=parsing)).sr, student(lr).sr)


def test_a_saved_teacher_comes_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    teacher = priorsr.create("model", "pkdn-teacher", preset="nano", width=8).eval()
    torch.nn.init.normal_(teacher.tail.weight)  # at the start the network adds nothing
    priorsr.save(teacher, tmp_path / "teacher.safetensors")
    loaded = priorsr.load(tmp_path / "teacher.safetensors")
    assert loaded.config == teacher.config
    lr, prior = torch.rand(1, 3, 4, 4), Prior(parsing=torch.randn(1, 19, 32, 32).softmax(1))
    assert torch.equal(loaded(lr, prior).sr, teacher(lr, prior).sr)


@pytest.mark.parametrize("fusion", ["parsing_attention", "parsing_gated", "spatial_affine", "landmark_attentive"])
def test_other_fusions_fit_in_its_place(fusion: str) -> None:
    teacher = priorsr.create("model", "pkdn-teacher", preset="nano", width=8, depth=0, fusion=fusion)
    prior = Prior(parsing=torch.randn(1, 19, 32, 32).softmax(1), landmarks=torch.rand(1, 68, 2) * 32)
    assert teacher(torch.rand(1, 3, 4, 4), prior).sr.shape == (1, 3, 32, 32)


def test_the_teacher_needs_its_parsing_map() -> None:
    with pytest.raises(PriorsrError, match="parsing, heatmaps or landmarks was expected"):
        priorsr.create("model", "pkdn-teacher", preset="nano")(torch.rand(1, 3, 4, 4))
