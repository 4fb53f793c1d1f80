"""What a run leaves: models with cards, whose scores are those of the weights in the files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import toys

from priorsr.data import FaceLoader, FaceSet, Reduction, TrainingSet
from priorsr.metrics import load_protocol, psnr
from priorsr.models import weights
from priorsr.training import RunResult

Run = Callable[..., RunResult]


def test_products_are_models_with_a_card(run: Run, faces: Path) -> None:
    result = run("toy-distilled", seed=3)
    assert result.products == {name: result.folder / f"weights/{name}.safetensors" for name in ("teacher", "student")}
    model = weights.load_file(result.products["student"])
    assert isinstance(model, toys.Toy)
    card = model.card
    assert (card["recipe"], card["stage"], card["steps"], card["seed"]) == ("toy-distilled", "student", 8, 3)
    assert card["networks"] == {"teacher": "Toy"}
    assert (card["reduction"], card["hr_size"]) == ("pil-bicubic", 32)
    (data,) = card["data"]
    assert (data["name"], data["split"], data["count"], data["weight"]) == ("toy faces", "train", 12, 1.0)
    assert TrainingSet.model_validate(data) == TrainingSet.of(FaceSet.open(faces))
    assert card["scores"] == {"psnr_y (priorsr@1 (adapted to 32 px), val)": result.scores["student"][1]}
    assert card["prior"] == "none"
    assert card["absent"] == {"perceptual": "a toy sees nothing"}
    trained_by = {(part.kind, part.name) for part in model.made_by if part.used_for == "training"}
    assert trained_by == {("recipe", "toy-distilled"), ("model", "toy"), ("library", "priorsr")}
    assert weights.read_card(result.products["teacher"])["card"]["absent"] == {}


def test_the_score_is_that_of_the_saved_weights_under_the_protocol(run: Run, faces: Path) -> None:
    result = run("toy-distilled")
    model = weights.load_file(result.products["student"])
    (batch,) = FaceLoader(FaceSet.open(faces), "val", batch_size=3, reduction=Reduction(scale=4)).in_order()
    with torch.no_grad():
        sr = model(batch.lr).sr
    scoring = load_protocol("priorsr@1").scoring
    quantised = (sr.clamp(0, 1) * 255).round() / 255
    expected = psnr(quantised, batch.hr, colour=scoring.scores["psnr_y"].colour, border=scoring.border).mean()
    name, value = result.scores["student"]
    assert (name, value) == ("psnr_y", pytest.approx(float(expected), abs=1e-4))
