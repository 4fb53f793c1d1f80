"""Weights packed to be offered: their card has the command, the budget, the licence and every score."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

import priorsr
from priorsr.bench import run as benchmark
from priorsr.bench.submissions.packed_weights import pack_weights
from priorsr.errors import DataError
from priorsr.models import read_card
from priorsr.training import stable_decay, train


@pytest.fixture(scope="module")
def run(tiny_faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    options = {"width": 4, "depth": 0, "levels": 1, "global_residual": True}
    overrides = {"model": "encoder_decoder", "options": options, "schedule": stable_decay()}
    train("supervised", tiny_faces, folder, overrides=overrides, steps=4)
    return folder


def test_the_card_has_the_command_and_no_folder(run: Path, tmp_path: Path, tiny_faces: Path) -> None:
    out = pack_weights(run, tmp_path / "tiny.safetensors", licence="CC0", limits="everything but grey")
    text = out.read_bytes()
    assert str(tmp_path).encode() not in text
    assert str(tiny_faces.parent).encode() not in text
    card = read_card(out)["card"]
    assert (card["licence"], card["limits"]) == ("CC0", "everything but grey")
    assert card["command"].startswith(
        "priorsr train supervised --data synthetic-12-seed-0 --out RUN --steps 4 --seed 0"
    )
    assert card["seconds"] >= 0
    assert out.stat().st_size < next((run / "weights").iterdir()).stat().st_size
    packed, trained = priorsr.load(out), priorsr.load(run)
    lr = torch.rand(1, 3, 8, 8)
    assert (packed(lr).sr - trained(lr).sr).abs().max() < 2e-3


def test_an_extension_is_a_second_command(run: Path, tmp_path: Path) -> None:
    config = json.loads((run / "config.json").read_text())
    made = {"stage": "model", "from_step": 3, "steps_before": 4, "steps": 10}
    before = (run / "config.json").read_text()
    (run / "config.json").write_text(json.dumps({**config, "extensions": [made]}))
    card = read_card(pack_weights(run, tmp_path / "x.safetensors", licence="CC0"))["card"]
    (run / "config.json").write_text(before)
    assert card["command"].endswith("&& priorsr train supervised --data synthetic-12-seed-0 --out RUN --extend 6")


def test_scores_come_from_records_of_the_packed_file(run: Path, tmp_path: Path, tiny_faces: Path) -> None:
    out = pack_weights(run, tmp_path / "tiny.safetensors", licence="CC0")
    results = tmp_path / "results"
    benchmark("bicubic", data=tiny_faces, split="val", protocols=["priorsr@1"], out=results)
    with pytest.raises(DataError, match=r"holds no record of .*tiny.safetensors .*priorsr bench run --model"):
        pack_weights(run, out, licence="CC0", results=results)
    (record,) = benchmark(out, data=tiny_faces, split="val", protocols=["priorsr@1"], out=results)
    pack_weights(run, out, licence="CC0", results=results)
    (scores,) = read_card(out)["card"]["scores"].values()
    assert scores["psnr_y"]["value"] == record.scores["psnr_y"].value
    assert tuple(scores["psnr_y"]["interval95"]) == record.scores["psnr_y"].interval95


def test_the_weights_of_an_earlier_stage_have_the_budget_up_to_it(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "staged"
    shutil.copytree(run, folder)
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    step = next(line for line in lines if line["kind"] == "step")
    lines = [{**step, "stage": stage, "step": at, "seconds": 10.0} for stage, at in (("model", 4), ("later", 6))]
    (folder / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "stage_steps": {"model": 4, "later": 6}}))
    card = read_card(pack_weights(folder / "weights" / "model.safetensors", tmp_path / "x.safetensors", licence="CC0"))
    assert card["card"]["seconds"] == 40
    assert card["card"]["command"].startswith("priorsr train supervised")
    shutil.copy(folder / "weights" / "model.safetensors", tmp_path / "alone.safetensors")
    alone = read_card(pack_weights(tmp_path / "alone.safetensors", tmp_path / "y.safetensors", licence="CC0"))["card"]
    assert "command" not in alone
