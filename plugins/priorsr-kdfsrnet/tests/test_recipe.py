"""The released schedule, and nano's in fractions."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

import priorsr
from priorsr.containers import Batch, Prior
from priorsr.errors import OptionError
from priorsr.training import Progress, epochs

SMALL = {"width": 8, "depth": 1}


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(0)
    parsing = torch.randn(2, 19, 32, 32).softmax(1)
    return Batch(torch.rand(2, 3, 4, 4), torch.rand(2, 3, 32, 32), Prior(parsing=parsing), ("a", "b"))


def recipe(**options: object):
    torch.manual_seed(1)
    found = priorsr.create("recipe", "kdfsrnet", **options)
    return found, {stage.name: stage for stage in found.stages()}


def terms(stage, batch: Batch) -> tuple[float, float, float]:
    """The student's three distances, computed here."""
    with torch.no_grad():
        student = stage.modules["student"](batch.lr, with_features=True)
        teacher = stage.modules["teacher"](batch.lr, batch.prior, with_features=True)
    pairs = zip(student.features, teacher.features, strict=True)
    features = torch.stack([F.l1_loss(s, t) for s, t in pairs]).mean().item()
    return F.l1_loss(student.sr, batch.hr).item(), features, F.l1_loss(student.sr, teacher.sr).item()


@pytest.mark.parametrize(
    ("epoch", "feature_weight", "output_weight"),
    [(0, 10.0, 0.1), (3, 7.0, 0.1), (9, 1.0, 0.1), (10, 0.0, 0.1), (11, 0.0, 0.0), (399, 0.0, 0.0)],
)
def test_the_paper_weighs_its_terms_by_epoch(
    batch: Batch, epoch: int, feature_weight: float, output_weight: float
) -> None:
    _, stages = recipe(student=_config("kdfsrnet"), teacher=_config("kdfsrnet-teacher"))
    stage = stages["student"]
    pixel, features, output = terms(stage, batch)
    for step in (epoch * 7, epoch * 7 + 6):  # the first and the last step of the epoch
        loss = stage.step(stage.modules, batch, Progress(step, 2800, 7)).losses["student"].item()
        assert loss == pytest.approx(pixel + feature_weight * features + output_weight * output, rel=1e-5)


def _config(model: str):
    return priorsr.create("model", model, **SMALL).config


def test_the_papers_stages() -> None:
    _, stages = recipe()
    assert list(stages) == ["teacher", "student"]
    assert stages["student"].frozen == {"teacher"}
    assert stages["student"].starts_from == {"teacher": "teacher"}
    for stage in stages.values():
        (optimiser,) = stage.optimisers.values()
        assert (optimiser.kind, optimiser.lr, optimiser.betas, optimiser.clip) == ("adam", 1e-4, (0.9, 0.99), None)
        assert (stage.batch_size, stage.flip, stage.quarter_turns, stage.ema) == (8, False, False, None)
        assert (stage.length.value, stage.length.unit) == (400, "epochs")
        assert optimiser.schedule(Progress(399, 400, 1)) == 1
    assert sum(p.numel() for p in stages["student"].modules["student"].parameters()) == pytest.approx(5.20e6, rel=2e-3)
    assert sum(p.numel() for p in stages["teacher"].modules["teacher"].parameters()) == pytest.approx(2.53e6, rel=2e-3)


def test_nano_distils_to_the_end(batch: Batch) -> None:
    _, stages = recipe(preset="nano")
    stage = stages["student"]
    pixel, features, output = terms(stage, batch)
    for step in range(8):
        loss = stage.step(stage.modules, batch, Progress(step, 8, 100)).losses["student"].item()
        assert loss == pytest.approx(pixel + (1 - step / 8) * features + output, rel=1e-5)


def test_without_distillation_there_is_no_teacher(batch: Batch) -> None:
    _, stages = recipe(preset="nano", distil=False)
    assert list(stages) == ["student"]
    assert list(stages["student"].modules) == ["student"]


def test_impossible_configs_are_refused() -> None:
    with pytest.raises(OptionError, match="teacher_share is 1.5"):
        recipe(teacher_share=1.5)
    for weight in (math.nan, math.inf, -1.0):
        with pytest.raises(OptionError, match=f"feature_weight is {weight}[;:] .*a finite number"):
            recipe(feature_weight=weight)
        with pytest.raises(OptionError, match=f"output_weight is {weight}"):
            recipe(output_weight=weight)
    with pytest.raises(OptionError, match="features_until is 0 epochs"):
        recipe(features_until=epochs(0))
    with pytest.raises(OptionError, match="fusion_at is 'middle'"):
        priorsr.create("model", "kdfsrnet-teacher", fusion_at="middle")
    with pytest.raises(OptionError, match="the student's scale is 4 and the teacher's 8"):
        recipe(student=priorsr.create("model", "kdfsrnet", scale=4).config)
