"""Results to look at in a browser: real ones of small filters on synthetic faces, and multiplied ones of any size.

Rows called network-NN are made up, as are faces beyond the first 24: they show how the site copes, and nothing else.

As a script, to measure how the site copes: python tests/browser/made_up.py OUT --models 50 --faces 1000
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from priorsr.bench import Record, read_results, run
from priorsr.bench.statistics.means import interval_of_images
from priorsr.bench.store.results import faces_path, outputs_path, write_record
from priorsr.bench.store.score_facts import RecordedScore
from priorsr.containers import Prior, SROutput
from priorsr.data.importers.synthetic import synthesise
from priorsr.files import sha256_json
from priorsr.models.bicubic import Bicubic, BicubicConfig

PROTOCOLS = ("priorsr@1", "dic@1", "kdfsrnet@1")


@dataclass(frozen=True)
class FilterConfig:
    strength: float = 0.0
    scale: int = 8


class Filtered(nn.Module):
    """Bicubic enlargement, sharpened by a strength, or blurred if that is negative."""

    kind = "model"
    Config = FilterConfig
    prior = "none"
    size_multiple = 1

    def __init__(self, config: FilterConfig) -> None:
        super().__init__()
        self.config = config
        self.scale = config.scale
        self.bicubic = Bicubic(BicubicConfig(config.scale))

    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
        sr = self.bicubic(lr).sr
        blurred = F.avg_pool2d(F.pad(sr, (3, 3, 3, 3), mode="replicate"), 7, 1)
        return SROutput(sr + self.config.strength * (sr - blurred))


class Told(Filtered):
    """The same, and says that it needs a prior, so that its rows are ranked apart."""

    prior = "required"


FILTERS = {"sharper": 0.4, "much too sharp": 3.0, "blurred": -0.9}


def make_results(
    out: Path,
    *,
    faces: int,
    size: int = 64,
    filters: Mapping[str, float] = FILTERS,
    protocols: Sequence[str] = PROTOCOLS,
) -> Path:
    """Results of filters of these strengths, one that is told the prior, and bicubic, in OUT/results.

    The faces are synthetic, of `size` pixels.
    """
    drawn = synthesise(out / "faces", count=faces + 1, seed=0, size=size, val=faces, test=0)
    models = {name: Filtered(FilterConfig(strength)) for name, strength in filters.items()}
    models["told"] = Told(FilterConfig(0.4))
    for name, model in models.items():
        run(model, name=name, data=drawn, split="val", protocols=protocols, out=out / "results")
    return out / "results"


def repeat_faces(results: Path, count: int) -> None:
    """Make the faces of results `count`: further ones are copies of the first under other ids, their images linked."""
    for record in read_results(results):
        faces = sorted(record.images)
        more = {f"{place:06}-again": faces[place % len(faces)] for place in range(len(faces), count)}
        images = dict(record.images) | {face: record.images[first] for face, first in more.items()}
        scores = {name: _repeated(score, more) for name, score in record.scores.items()}
        data = record.data.model_copy(update={"count": count})
        write_record(results, Record.model_validate({**dict(record), "images": images, "scores": scores, "data": data}))
        hr = faces_path(results, record.data.hash, "hr")
        for folder in (outputs_path(results, record.outputs or ""), *hr.parent.iterdir()):
            for face, first in more.items():
                if not (folder / f"{face}.png").exists():
                    os.link(folder / f"{first}.png", folder / f"{face}.png")


def multiply(results: Path, models: int, seed: int = 0) -> None:
    """Add rows to results until every table has `models`, each an existing row with other scores and linked images."""
    records = read_results(results)
    rng = np.random.default_rng(seed)
    originals = [record for record in records if record.model.label == "sharper"]
    labels = len({record.model.label for record in records})
    for number in range(models - labels):
        shift, noise = rng.normal(0, 0.8), rng.uniform(0.1, 1.5)
        for record in originals:
            made = _another(record, f"network-{number:02}", shift, noise, rng)
            write_record(results, made)
            folder = outputs_path(results, made.outputs or "")
            if not folder.exists():
                shutil.copytree(outputs_path(results, record.outputs or ""), folder, copy_function=os.link)


def _another(record: Record, label: str, shift: float, noise: float, rng: np.random.Generator) -> Record:
    """A record with another label, other weights, and scores moved at random."""
    model = record.model.model_copy(update={"label": label, "weights_hash": sha256_json(label)})
    training = record.training.model_copy(update={"data": ("made up",), "method": model.method})
    identity = record.identity._replace(model=model)
    changes = {
        "model": model,
        "training": training,
        "scores": {name: _moved(score, shift, noise, rng) for name, score in record.scores.items()},
        "outputs": identity.outputs_id,
        "id": identity.record_id,
        "cost": record.cost.model_copy(
            update={
                "parameters": int(rng.integers(10**5, 10**7)),
                "latency": tuple(
                    one.model_copy(update={"milliseconds": float(10 ** rng.uniform(0.5, 2.5))})
                    for one in record.cost.latency
                ),
            }
        ),
    }
    return Record.model_validate({**dict(record), **changes})


def _repeated(score: RecordedScore, more: Mapping[str, str]) -> RecordedScore:
    per_image = dict(score.per_image) | {face: score.per_image[first] for face, first in more.items()}
    return score.model_copy(update=_summarised(per_image))


def _moved(score: RecordedScore, shift: float, noise: float, rng: np.random.Generator) -> RecordedScore:
    unit = 1.0 if score.unit == "dB" else 0.02
    per_image = {face: value + unit * (shift + rng.normal(0, noise)) for face, value in score.per_image.items()}
    return score.model_copy(update=_summarised(per_image))


def _summarised(per_image: Mapping[str, float]) -> dict[str, object]:
    mean = sum(per_image.values()) / len(per_image)
    interval = interval_of_images(per_image.values())
    return {"per_image": per_image, "mean": mean, "value": mean, "interval95": interval}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--faces", type=int, default=1000)
    parser.add_argument("--size", type=int, default=128)
    asked = parser.parse_args()
    made = make_results(asked.out, faces=min(asked.faces, 24), size=asked.size)
    repeat_faces(made, asked.faces)
    multiply(made, asked.models)
