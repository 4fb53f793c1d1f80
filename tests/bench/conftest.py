"""Records to test with: possible ones, made of whatever matters to a test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from priorsr.bench.facts import protocol_facts
from priorsr.bench.records import (
    Cost,
    DataFacts,
    Environment,
    Identity,
    Latency,
    ModelFacts,
    PriorFacts,
    Record,
    Score,
    Statistics,
    TrainingFacts,
)
from priorsr.data import FaceSet
from priorsr.data.manifest import Provenance
from priorsr.data.writer import About, Face, Pixels, write_face_set
from priorsr.files import sha256_json
from priorsr.metrics import load_protocol

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))  # for `import toys`


@pytest.fixture
def make_score() -> Callable[..., Score]:
    """A score of the values given by image id, with any other part replaced."""

    def make(values: Mapping[str, float], **changes: Any) -> Score:
        mean = sum(values.values()) / len(values)
        facts = {"value": mean, "mean": mean, "interval95": None, "unit": "dB", "higher_is_better": True}
        return Score(**{**facts, "per_image": dict(values), **changes})

    return make


@pytest.fixture
def make_record(make_score: Callable[..., Score]) -> Callable[..., Record]:
    """A record of a model called `label`, whose images score `psnr`, with any other part replaced."""

    def make(label: str = "model", psnr: Mapping[str, float] | None = None, **changes: Any) -> Record:
        values = psnr or {"a": 20.0, "b": 22.0, "c": 24.0}
        own = ("priorsr", "bicubic") if label == "bicubic" else ("somebody", "network")
        parts = {
            "model": ModelFacts(
                label=label,
                distribution=own[0],
                name=own[1],
                version="1.0",
                weights_hash=sha256_json(label),
                config={"width": 8},
                card={},
            ),
            "protocol": protocol_facts(load_protocol("dic@1")),
            "data": DataFacts(
                name="faces", version="1", licence="CC0", hash=sha256_json("faces"), split="val", count=len(values)
            ),
            "prior": PriorFacts(source="none", by=None),
            **{name: value for name, value in changes.items() if name in Identity._fields},
        }
        facts = {
            "format": 1,
            "id": Identity(**parts).record_id,
            **parts,
            "training": TrainingFacts(data="unknown", networks=("VGG",)),
            "scores": {"psnr": make_score(values)},
            "set_scores": {},
            "absent": {},
            "statistics": Statistics(interval="percentile bootstrap over images", resamples=10_000, seed=0),
            "cost": Cost(
                parameters=5_203_523,
                macs=13_700_000_000,
                peak_memory_bytes=2**20,
                latency=(Latency(batch=1, milliseconds=34.5, runs=5),),
                precision="float32",
            ),
            "kernel_backend": "reference",
            "environment": Environment(
                device="cpu", cpu="A CPU", gpu=None, threads=2, os="Linux", python="3.11", torch="2.11"
            ),
            "outputs": None,
            "scorer_version": "0.1.0",
            "created": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            "command": "priorsr bench run",
            **changes,
        }
        return Record(**facts)

    return make


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> FaceSet:
    """Five clouds of 128 pixels with parsing maps, in the split `val`."""
    provenance = Provenance(tool="a formula", version="1")
    clouds = [Face(f"cloud-{index}", "val", str(index), partial(cloud, index)) for index in range(5)]
    about = About(name="clouds", source="a formula", licence="CC0-1.0")
    return write_face_set(tmp_path_factory.mktemp("faces") / "set", clouds, about, parsing=provenance)


def cloud(seed: int, size: int = 128) -> Pixels:
    """A smooth picture with some grain."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC))
    grain = rng.integers(-12, 13, (size, size, 3))
    parsing = np.zeros((size, size), dtype=np.uint8)
    parsing[size // 4 : -size // 4, size // 4 : -size // 4] = 1
    return Pixels((smooth + grain).clip(0, 255).astype(np.uint8), parsing)
