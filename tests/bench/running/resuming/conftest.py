from __future__ import annotations

from pathlib import Path

import pytest
import torch
from doubles import clouds, protocol
from torch import Tensor

from priorsr.bench import Record, run
from priorsr.bench.running import model_run
from priorsr.bench.store.run_facts import Cost, Latency
from priorsr.data import FaceSet


@pytest.fixture(scope="module")
def protocols(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Protocols of one reduction: one that rounds SR to 8 bits, one that does not, and another one that does."""
    folder = tmp_path_factory.mktemp("protocols")
    asked = {"rounded": (True, 0), "exact": (False, 0), "cut": (True, 2)}
    return {name: protocol(folder / f"{name}@1.toml", *how) for name, how in asked.items()}


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> FaceSet:
    """Five small clouds."""
    return clouds(tmp_path_factory.mktemp("faces") / "set", size=32)


@pytest.fixture
def bench(faces: FaceSet, protocols: dict[str, Path], tmp_path: Path):
    """Run on them, under protocols given by name, in batches of 2."""

    def call(models, names=("rounded",), **options) -> list[Record]:
        asked = {"data": faces, "split": "val", "out": tmp_path, "batch_size": 2, **options}
        return run(models, protocols=[protocols[name] for name in names], **asked)

    return call


@pytest.fixture
def noisy(hr: Tensor) -> Tensor:
    return hr + 0.02 * torch.randn(hr.shape, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs differ from run to run; here they do not."""
    found = Cost(parameters=1, macs=1, peak_memory_bytes=1, latency=(Latency(batch=1, milliseconds=1.0, runs=1),))
    monkeypatch.setattr(model_run, "measure_cost", lambda *_: found)
