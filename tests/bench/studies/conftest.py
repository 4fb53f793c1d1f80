from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from priorsr.bench import priors
from priorsr.bench.studies.prior_report import PriorStudy
from priorsr.bench.studies.trainings import Training


@pytest.fixture
def training(tiny_faces: Path, tmp_path: Path):
    """A small run of a recipe that other processes know too."""

    def make(name: str = "run", steps: int = 3, **overrides) -> Training:
        small = {"width": 4, "depth": 0, "levels": 1, "batch_size": 2, "distil": False}
        return Training(
            label=name,
            recipe="kdfsrnet",
            data=str(tiny_faces),
            out=str(tmp_path / name / "seed-0"),
            preset="nano",
            overrides={**small, **overrides},
            steps=steps,
            seed=0,
        )

    return make


@pytest.fixture
def study(tiny_faces: Path, tmp_path: Path):
    """A study on synthetic faces, which have landmarks too."""

    def call(model: nn.Module, **options) -> PriorStudy:
        asked = {"data": tiny_faces, "split": "val", "out": tmp_path / "out", "shifts": (4,), "blurs": (2,)}
        return priors(model, protocols=["dic@1"], save_outputs=False, **{**asked, **options})

    return call
