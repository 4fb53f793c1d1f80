"""Trainings in processes of their own know the components of scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from priorsr import registry
from priorsr.bench.executors.local_processes import LocalProcesses
from priorsr.bench.studies.trainings import Training, train_all
from priorsr.models.weights import read_card

SCRIPT = """
import priorsr
from torch import nn

@priorsr.register("attention", "scripted")
class Scripted(nn.Module):
    kind = "attention"

    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1)

    def forward(self, x, residual=None):
        y = self.conv(x)
        return y if residual is None else y + residual
"""
NETWORK = {"attention": "scripted", "width": 4, "patch": 4, "levels": 1, "depth": 1, "scale": 8}


def test_workers_train_with_a_scripts_component(
    tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())
    (tmp_path / "scripted.py").write_text(SCRIPT)
    monkeypatch.setenv("PRIORSR_PLUGINS", str(tmp_path / "scripted.py"))
    overrides = {"options": NETWORK, "batch_size": 2}
    trainings = [
        Training(f"seed {seed}", "supervised", str(tiny_faces), str(tmp_path / str(seed)), None, overrides, 1, seed)
        for seed in (0, 1)
    ]
    with LocalProcesses(2, 1) as workers:
        train_all(trainings, workers, tmp_path, None)
    version = registry.locate("attention", "scripted").version
    for training in trainings:
        listed = read_card(training.folder / "weights" / "model.safetensors")["components"]
        found = {(part["name"], part["distribution"], part["version"]) for part in listed}
        assert ("scripted", "file", version) in found, json.dumps(listed)
