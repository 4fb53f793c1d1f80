"""Records to test with: possible ones, made of whatever matters to a test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from priorsr.bench import run
from priorsr.bench.scoring.record_parts import protocol_facts
from priorsr.bench.statistics.means import interval_of_images
from priorsr.bench.store.model_facts import ModelFacts, TrainingFacts
from priorsr.bench.store.records import Record, ResultIdentity
from priorsr.bench.store.run_facts import Cost, DataFacts, Environment, Execution, Latency, PriorFacts
from priorsr.bench.store.score_facts import ExtraScoreFacts, RecordedScore, Statistics
from priorsr.data import FaceSet
from priorsr.data.reduction import reduce
from priorsr.files import sha256_json
from priorsr.metrics import load_protocol

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "training")]  # for `import doubles, toys`

from doubles import COMPONENT, clouds, image_hashes  # noqa: E402  # after the path is set


@pytest.fixture
def make_score() -> Callable[..., RecordedScore]:
    """A score of the values given by image id, with any other part replaced."""

    def make(values: Mapping[str, float], **changes: Any) -> RecordedScore:
        mean = sum(values.values()) / len(values)
        interval = interval_of_images(values.values())
        facts = {"value": mean, "mean": mean, "interval95": interval, "unit": "dB", "higher_is_better": True}
        return RecordedScore(**{**facts, "per_image": dict(values), **changes})

    return make


@pytest.fixture
def make_record(make_score: Callable[..., RecordedScore]) -> Callable[..., Record]:
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
            **{name: value for name, value in changes.items() if name in ("model", "protocol", "data", "prior")},
        }
        scores = changes.get("scores", {"psnr": make_score(values)})
        facts = {
            "format": 2,
            "id": ResultIdentity(**parts).record_id,
            "origin": "run",
            **parts,
            "components": (COMPONENT,),
            "links": {},
            "training": TrainingFacts(
                data="unknown", networks=("perceptual: VGG",), seed="unknown", method=parts["model"].method
            ),
            "images": {face: image_hashes(face) for face in next(iter(scores.values())).per_image},
            "scores": scores,
            "set_scores": {},
            "extra_scores": {name: extra_score(name) for name in scores if name not in parts["protocol"].scores},
            "absent": {},
            "statistics": Statistics(interval="Hall's t over images"),
            "cost": Cost(
                parameters=5_203_523,
                macs=13_700_000_000,
                peak_memory_bytes=2**20,
                latency=(Latency(batch=1, milliseconds=34.5, runs=5),),
            ),
            "execution": Execution(batch_size=16, processes=1),
            "kernel_backends": {"landmark_fusion": "reference"},
            "environment": Environment(
                device="cpu", cpu="A CPU", gpu=None, threads=2, os="Linux", python="3.11", torch="2.11"
            ),
            "outputs": None,
            "scorer_version": "0.1.0",
            "scorer_hash": sha256_json("scorer"),
            "created": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            "command": "priorsr bench run",
            **changes,
        }
        return Record(**facts)

    return make


def extra_score(name: str) -> ExtraScoreFacts:
    """A possible score beside a protocol's that has no network."""
    return ExtraScoreFacts(name=name, version="1.0", weights_hash=None, networks=(), trained_with=())


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> FaceSet:
    """Five clouds of 128 pixels with parsing maps, in the split `val`."""
    return clouds(tmp_path_factory.mktemp("faces") / "set")


@pytest.fixture
def hr(faces: FaceSet) -> Tensor:
    return to_tensor([faces.image(face) for face in faces.ids("val")])


@pytest.fixture
def lr(faces: FaceSet) -> Tensor:
    return to_tensor([reduce(faces.image(face), 8, "pil-bicubic") for face in faces.ids("val")])


def to_tensor(images: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255


@pytest.fixture
def bench(faces: FaceSet, tmp_path: Path):
    """Run on the clouds under dic@1, unless told otherwise."""

    def call(models, **options) -> list[Record]:
        asked = {"data": faces, "split": "val", "protocols": ["dic@1"], "out": tmp_path, "batch_size": 2, **options}
        return run(models, **asked)

    return call
