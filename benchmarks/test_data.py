"""How long data take beside a training step, on this machine: python -m pytest benchmarks/test_data.py -s"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch

import priorsr
from priorsr.data import FaceLoader
from priorsr.data.importers.synthetic import synthesise

BATCH, REPEATS = 16, 5


def seconds(run: Callable[[int], object]) -> float:
    """The median time of a call, after one that does not count."""
    times = []
    for step in range(REPEATS + 1):
        began = time.perf_counter()
        run(step)
        times.append(time.perf_counter() - began)
    return median(times[1:])


def test_a_batch_costs_little_beside_a_training_step(tmp_path: Path) -> None:
    faces = synthesise(tmp_path / "faces", count=2 * BATCH, seed=0, val=0, test=0)
    loader = FaceLoader(faces, "train", batch_size=BATCH, flip=True)
    model = priorsr.create("model", "kdfsrnet", preset="nano")
    batch = loader.batch(0)

    def train(_: int) -> None:
        model.zero_grad()
        torch.nn.functional.l1_loss(model(batch.lr).sr, batch.hr).backward()

    loading, training = seconds(loader.batch), seconds(train)
    print(f"{1000 * loading:.1f} ms a batch of {BATCH}, {1000 * training:.0f} ms a step: {loading / training:.1%}")
    assert loading < 0.1 * training
