"""`priorsr train`: what it leaves, says and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import toys

from priorsr.training.interrupt import TrainingInterruptedError


def test_training_says_where_the_weights_are(cli, toy_faces: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    options = ["--steps", 6, "--seed", 2, "--set", "student.width=5", "ema=null"]
    code, printed, said = cli("train", "toy-distilled", "--data", toy_faces, "--out", out, *options)
    assert code == 0
    assert f"{out / 'weights' / 'student.safetensors'}  val PSNR" in printed
    assert "student: 4 steps" in said
    config = json.loads((out / "config.json").read_text())
    assert config["overrides"] == {"student.width": 5, "ema": None}
    assert (config["config"]["student"]["width"], config["config"]["teacher"]["width"]) == (5, 6)
    assert config["seed"] == 2
    assert "train toy-distilled" in config["command"]


def test_a_folder_with_a_run_is_refused(cli, mistake, toy_faces: Path, tmp_path: Path) -> None:
    command = ["train", "toy-gan", "--data", toy_faces, "--out", tmp_path / "run", "--steps", "2"]
    assert cli(*command)[0] == 0
    assert "holds a run already; resume it (--resume), or choose another folder" in mistake(*command)
    assert cli(*command, "--resume")[0] == 0


def test_an_interruption_is_its_sentence_and_exit_code_130(
    cli, toy_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stages(_: toys.ToyGan) -> None:
        raise TrainingInterruptedError("stopped at step 3, and saved in [bold]run")

    monkeypatch.setattr(toys.ToyGan, "stages", stages)
    code, _, said = cli("train", "toy-gan", "--data", toy_faces, "--out", tmp_path / "run")
    assert (code, said) == (130, "stopped at step 3, and saved in [bold]run\n")
