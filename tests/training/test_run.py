from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
import toys
from PIL import Image
from rich.console import Console
from safetensors.torch import load_file
from torch import Tensor

import priorsr
from priorsr.errors import DataError, MissingWeightsError, OptionError, PriorsrError, UnknownNameError
from priorsr.models.weights import read_card
from priorsr.training import Stage, setup
from priorsr.training.checkpoints import TENSORS
from priorsr.training.run_folder import RunFolder
from tests.training.run_files import KilledError, Run, checkpoint, kill_at, metrics, weights_of


def tensors_of(folder: Path) -> dict[str, dict[str, bytes]]:
    return {
        path.name: {name: tensor.numpy().tobytes() for name, tensor in load_file(path).items()}
        for path in (folder / "weights").iterdir()
    }


def test_a_run_leaves_everything_in_its_folder(run: Run) -> None:
    result = run("toy-distilled", preset="paper", overrides={"fusion": "concat"}, seed=3, curves=True)
    folder = result.folder
    assert sorted(path.name for path in folder.iterdir() if path.name[0] != ".") == [
        *("checkpoints", "config.json", "curves.png", "metrics.jsonl", "samples", "weights")
    ]
    config = json.loads((folder / "config.json").read_text())
    assert (config["recipe"], config["preset"], config["seed"], config["steps"]) == ("toy-distilled", "paper", 3, 12)
    assert config["stage_steps"] == {"teacher": 4, "student": 8}
    assert config["config"]["student"]["width"] == 4
    assert config["overrides"] == {"fusion": "concat"}
    assert config["threads"] == torch.get_num_threads()
    assert config["versions"]["torch"] == torch.__version__
    (data,) = config["data"]
    assert (len(data["hash"]), data["count"], data["weight"]) == (64, 12, 1.0)
    steps = [line for line in metrics(folder) if line["kind"] == "step"]
    assert [(line["stage"], line["step"]) for line in steps] == [
        *(("teacher", step) for step in (2, 4)),
        *(("student", step) for step in (2, 4, 6, 8)),
    ]
    assert set(steps[-1]["losses"]) == {"student"}
    assert set(steps[-1]["logs"]) == {"pixel", "soft"}
    assert 0 < steps[-1]["lr"]["student"] < 1e-2
    with Image.open(folder / "curves.png") as picture:
        assert picture.size[0] > 1000
    assert {path.name for path in (folder / "samples").iterdir()} == {
        *("teacher-0000004.png", "student-0000004.png", "student-0000008.png")
    }
    assert not list(folder.glob("**/*.part"))


def test_two_runs_are_alike_and_two_seeds_are_not(run: Run, whole: dict[str, Path]) -> None:
    same, other = run("toy-distilled", out="same"), run("toy-distilled", out="other", seed=1)
    assert weights_of(same.folder) == weights_of(whole["toy-distilled"])
    assert weights_of(other.folder) != weights_of(whole["toy-distilled"])


def test_a_stage_starts_from_the_averaged_weights_of_an_earlier_one(whole: dict[str, Path]) -> None:
    folder = whole["toy-distilled"]
    product = load_file(folder / "weights" / "teacher.safetensors")
    frozen = load_file(checkpoint(folder) / TENSORS)
    assert all(torch.equal(frozen[f"modules/teacher/{key}"], value) for key, value in product.items())
    trained = load_file(folder / "checkpoints" / "0-teacher-0000004" / TENSORS)
    assert not torch.equal(trained["modules/teacher/head.weight"], product["head.weight"])


def test_settings_are_checked_before_anything_is_written(run: Run, tmp_path: Path) -> None:
    wrong: list[tuple[dict[str, Any], type[PriorsrError], str]] = [
        ({"recipe": "toy-destilled"}, UnknownNameError, "did you mean 'toy-distilled'"),
        ({"preset": "papr"}, UnknownNameError, "did you mean 'paper'"),
        ({"overrides": {"fusion": "cancat"}}, UnknownNameError, "no fusion 'cancat'; did you mean 'concat'"),
        ({"overrides": {"widht": 3}}, UnknownNameError, "did you mean"),
        ({"steps": 1}, OptionError, "steps is 1; 2 or more"),
        ({"steps": 0}, OptionError, "steps is 0"),
        ({"seed": -1}, OptionError, "seed is -1"),
        ({"seed": 2**32}, OptionError, "seed is 4294967296"),
        ({"log_every": 0}, OptionError, "log_every is 0"),
        ({"checkpoint_seconds": -0.5}, OptionError, r"checkpoint_seconds is -0\.5"),
        ({"checkpoint_seconds": float("nan")}, OptionError, "checkpoint_seconds is nan"),
        ({"minutes": 1.0}, OptionError, "both steps = 12 and minutes"),
        ({"precision": "fp16"}, OptionError, "'fp16'; auto, float32 or bf16"),
        ({"track": "tensorbord"}, OptionError, "tracker 'tensorbord'"),
        ({"data": tmp_path / "nowhere"}, DataError, "nowhere: there is no such folder"),
        ({"overrides": {"reduction": "nearest"}}, PriorsrError, "nearest"),
    ]
    for options, error, message in wrong:
        recipe = options.pop("recipe", "toy-distilled")
        with pytest.raises(error, match=message):
            run(recipe, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_a_run_is_left_alone(run: Run) -> None:
    before = weights_of(run("toy-distilled").folder)
    with pytest.raises(DataError, match=r"holds a run already; resume it \(resume=True\), or choose"):
        run("toy-distilled", seed=1)
    assert weights_of(run("toy-distilled", resume=True).folder) == before


def test_a_loss_that_is_not_finite_stops_the_run_and_is_named(run: Run, tmp_path: Path) -> None:
    with pytest.raises(
        PriorsrError, match=r"stage 'student', the loss 'student' is nan at step 4 \(of its terms: soft\)"
    ):
        run("toy-distilled", overrides={"nan_at": 3})
    assert checkpoint(tmp_path / "run").name == "1-student-0000002"


def test_minutes_become_steps_before_the_run_which_is_then_as_under_steps(
    run: Run, whole: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def settle(stages: list[Stage], seconds: float, costs: Any, validate_every: int | None) -> dict[str, int]:
        asked.update(seconds=seconds, costs=costs)
        return {"teacher": 4, "student": 8}

    monkeypatch.setattr(setup, "steps_by_seconds", settle)
    result = run("toy-distilled", steps=None, minutes=0.5)
    assert 0 < asked["seconds"] < 30
    assert all(cost.step > 0 and cost.last_validation > 0 for cost in asked["costs"].values())
    config = json.loads((result.folder / "config.json").read_text())
    assert config["stage_steps"] == {"teacher": 4, "student": 8}
    assert config["measured_seconds"]["student"]["step"] > 0
    assert tensors_of(result.folder) == tensors_of(whole["toy-distilled"])  # the cards tell the minutes


def test_a_stage_has_its_own_length_when_the_run_has_none(run: Run) -> None:
    config = json.loads((run("toy-gan", steps=None).folder / "config.json").read_text())
    assert config["stage_steps"] == {"pretrain": 4, "gan": 4}


def test_a_module_trained_twice_leaves_weights_of_both_stages(whole: dict[str, Path]) -> None:
    found = weights_of(whole["toy-gan"])
    assert set(found) == {"generator.safetensors", "generator-pretrain.safetensors"}


def test_an_instance_of_a_recipe_trains_as_its_name_does(run: Run, whole: dict[str, Path]) -> None:
    result = run(toys.ToyDistilled(toys.ToyRecipeConfig()))
    assert weights_of(result.folder) == weights_of(whole["toy-distilled"])
    with pytest.raises(OptionError, match="has its config already"):
        run(toys.ToyDistilled(toys.ToyRecipeConfig()), out="other", overrides={"ema": 0.5})


def test_a_product_that_could_not_be_saved_is_found_out_before_training(run: Run, tmp_path: Path) -> None:
    class Unregistered(toys.Toy):
        pass

    class Recipe(toys.ToyGan):
        def stages(self) -> list[Stage]:
            first, _ = super().stages()
            model = Unregistered(self.config.generator)
            return [Stage("a", {"generator": model}, first.optimisers, first.step, first.length, "generator")]

    with pytest.raises(OptionError, match="is not registered"):
        run(Recipe(toys.ToyGanConfig()))
    assert list(tmp_path.iterdir()) == []


def test_missing_weights_to_start_from_are_found_out_before_training(run: Run, tmp_path: Path) -> None:
    class Recipe(toys.ToyGan):
        def stages(self) -> list[Stage]:
            first, _ = super().stages()
            return [
                Stage(
                    "a",
                    first.modules,
                    first.optimisers,
                    first.step,
                    first.length,
                    "generator",
                    starts_from={"generator": tmp_path / "vgg.safetensors"},
                )
            ]

    with pytest.raises(MissingWeightsError, match=r"vgg\.safetensors: there is no such file"):
        run(Recipe(toys.ToyGanConfig()))
    first = run("toy-gan", out="first").products["gan"]
    first.rename(tmp_path / "vgg.safetensors")
    started = run(Recipe(toys.ToyGanConfig()), overrides=None, steps=1)
    assert set(started.scores) == {"a"}


def test_only_one_process_trains_in_a_folder(run: Run, tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run").locked(), pytest.raises(DataError, match="another process is training"):
        run("toy-distilled")


def test_an_infinite_score_ends_no_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    black = toys.make_faces(tmp_path / "black", black=True)
    options: dict[str, Any] = {"data": black, "overrides": {"learning_rate": 0.0}}
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        kill_at(patch, "student", 5)
        run("toy-nearest", **options)
    result = run("toy-nearest", resume=True, curves=True, console=Console(), **options)
    assert result.scores == {"teacher": ("psnr_y", math.inf), "student": ("psnr_y", math.inf)}
    assert "val PSNR ∞ dB on 3 faces (bicubic ∞)" in capsys.readouterr().out
    scored = [line for line in metrics(result.folder) if line["kind"] == "validation"]
    assert [(line["value"], line["references"]) for line in scored] == [("inf", {"bicubic": "inf"})] * 3
    card = read_card(result.folder / "weights" / "student.safetensors")["card"]
    assert list(card["scores"].values()) == ["inf"]
    assert priorsr.load(result.folder / "weights" / "student.safetensors").card == card


def test_a_product_that_makes_nan_names_the_stage_and_the_face(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real = toys.Toy.forward

    def forward(self: toys.Toy, lr: Tensor, prior: Any = None) -> Any:
        output = real(self, lr, prior)
        student = self.config.width == 4 and not self.training
        return output._replace(sr=output.sr * math.nan) if student else output

    monkeypatch.setattr(toys.Toy, "forward", forward)
    found = "the model Toy makes NaN or infinity of the face 'val0'"
    with pytest.raises(PriorsrError, match=f"the stage 'student', before its first step: {found}"):
        run("toy-distilled")
    monkeypatch.setattr(setup.Setup, "rehearse", lambda self: None)
    with pytest.raises(PriorsrError, match=f"the stage 'student', validated after step 4: {found}"):
        run("toy-distilled")
