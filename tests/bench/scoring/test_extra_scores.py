from __future__ import annotations

from pathlib import Path

import pytest
import torch
from doubles import Stored
from torch import Tensor, nn

import priorsr
from priorsr.bench import run
from priorsr.bench.scoring.extra_scores import ExtraScores
from priorsr.bench.store.model_facts import TrainingFacts
from priorsr.data import FaceSet


@pytest.fixture
def networked() -> type:
    @priorsr.register("score", "networked")
    class Networked(nn.Module):
        kind = "score"
        higher_is_better = True
        networks = ("ArcFace", "IResNet")
        unit = "dB"

        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(1, 1)

        def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
            return (sr - hr).abs().mean(dim=(1, 2, 3))

    return Networked


@pytest.mark.parametrize(
    ("trained", "flagged"),
    [
        (("identity: ArcFace", "teacher: PKDNTeacher"), ("ArcFace",)),
        (("ArcFace",), ("ArcFace",)),
        (("identity: ArcFaceLike",), ()),
        ((), ()),
        ("unknown", "unknown"),
    ],
)
def test_networks_of_the_training_that_also_judge_are_flagged(networked, trained, flagged) -> None:
    found = ExtraScores.find(["networked"], [])
    training = TrainingFacts(data="unknown", networks=trained, seed="unknown", method="0" * 16)
    facts = found.facts(training)["networked"]
    assert facts.trained_with == flagged
    assert facts.networks == ("ArcFace", "IResNet")
    assert len(facts.weights_hash) == 64


def test_the_reason_of_an_absent_score_does_not_tell_the_home_folder(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: f"{tmp_path}/.cache/torch/hub")
    absent = ExtraScores.find(["identity"], []).absent
    assert "into ~/.cache/torch/hub/checkpoints as arcface_r50.pth" in absent["identity"]


class Counter:
    """Adds up differences."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.total = 0.0

    def add(self, sr: Tensor, hr: Tensor) -> None:
        assert sr.shape == hr.shape
        assert torch.equal((sr * 255).round() / 255, sr)
        self.sizes.append(len(sr))
        self.total += float((sr - hr).abs().mean(dim=(1, 2, 3)).sum())

    def value(self) -> float:
        return self.total

    def warning(self) -> str | None:
        return f"only {sum(self.sizes)} images" if sum(self.sizes) < 100 else None


@pytest.mark.parametrize("keep", [True, False])
def test_a_score_of_the_set_stands_apart(
    networked, faces: FaceSet, hr: Tensor, lr: Tensor, tmp_path: Path, keep: bool
) -> None:
    @priorsr.register("score", "total")
    class Total:
        kind = "score"
        level = "set"
        higher_is_better = False

        def start(self) -> Counter:
            return Counter()

    (record,) = run(
        Stored(lr, hr * 1.1),
        data=faces,
        split="val",
        protocols=["dic@1"],
        out=tmp_path,
        scores=["total", "networked"],
        batch_size=2,
        save_outputs=keep,
    )
    total = record.set_scores["total"]
    assert total.value == pytest.approx(sum(record.scores["networked"].per_image.values()), rel=1e-6)
    assert (total.count, total.warning, total.higher_is_better) == (5, "only 5 images", False)
    assert "total" not in record.scores
    assert record.extra_scores.keys() == {"total", "networked"}
    assert record.scores["networked"].unit == "dB"
    assert (tmp_path / "outputs").exists() == keep
    assert not any(path.is_dir() for path in (tmp_path / ".partial").iterdir())
