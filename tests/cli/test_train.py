from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from priorsr.cli.main import main

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))

import toys


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toys.make_faces(tmp_path_factory.mktemp("cli") / "faces")


def priorsr(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit code of a command."""
    monkeypatch.setattr(sys, "argv", ["priorsr", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
        raise SystemExit(0)
    return int(end.value.code or 0)


def test_training_says_where_the_weights_are(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], faces: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    options = ["--steps", 6, "--seed", 2, "--set", "student.width=5", "--set", "ema=null"]
    assert priorsr(monkeypatch, "train", "toy-distilled", "--data", faces, "--out", out, *options) == 0
    printed = capfd.readouterr()
    assert f"{out / 'weights' / 'student.safetensors'}  val PSNR" in printed.out
    assert "student: 4 steps" in printed.err
    config = json.loads((out / "config.json").read_text())
    assert config["overrides"] == {"student.width": 5, "ema": None}
    assert (config["config"]["student"]["width"], config["config"]["teacher"]["width"]) == (5, 6)
    assert config["seed"] == 2
    assert "train toy-distilled" in config["command"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "fusion=cancat"], "there is no fusion 'cancat'; did you mean 'concat'?"),
        (["--set", "student.widht=3"], "did you mean 'student.width'"),
        (["--set", "width"], "--set 'width': NAME=VALUE was expected"),
        (["--steps", "4", "--minutes", "1"], "both steps = 4 and minutes = 1.0 were given"),
        (["--preset", "papre"], "did you mean 'paper'"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    faces: Path,
    tmp_path: Path,
    options: list[str],
    message: str,
) -> None:
    code = priorsr(monkeypatch, "train", "toy-distilled", "--data", faces, "--out", tmp_path / "run", *options)
    said = capfd.readouterr().err
    assert code == 2
    assert message in said
    assert "Traceback" not in said
    assert not (tmp_path / "run").exists()


def test_a_folder_with_a_run_is_refused(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], faces: Path, tmp_path: Path
) -> None:
    command = ["train", "toy-gan", "--data", faces, "--out", tmp_path / "run", "--steps", "2"]
    assert priorsr(monkeypatch, *command) == 0
    assert priorsr(monkeypatch, *command) == 2
    assert "holds a run already" in capfd.readouterr().err
    assert priorsr(monkeypatch, *command, "--resume") == 0
