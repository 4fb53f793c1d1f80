from __future__ import annotations

import io
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
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
from priorsr.training import RunResult, Stage, setup, train
from priorsr.training.checkpoints import TENSORS
from priorsr.training.loop import StageLoop
from priorsr.training.run_folder import RunFolder

Run = Callable[..., RunResult]
RECIPES = ("toy-distilled", "toy-gan")


class KilledError(Exception):
    """Stands in for the end of the process."""


def kill_at(monkeypatch: pytest.MonkeyPatch, stage: str, step: int) -> None:
    """The process ends in the middle of a step of a stage."""
    real = StageLoop.advance

    def advance(self: StageLoop) -> Any:
        record = real(self)
        if (self.stage.name, self.step) == (stage, step):
            raise KilledError
        return record

    monkeypatch.setattr(StageLoop, "advance", advance)


def metrics(folder: Path) -> list[dict[str, Any]]:
    """The lines of a run's metrics, without what depends on the clock."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", "data_share")} for line in lines]


def weights_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "weights").iterdir()}


def tensors_of(folder: Path) -> dict[str, dict[str, bytes]]:
    return {
        path.name: {name: tensor.numpy().tobytes() for name, tensor in load_file(path).items()}
        for path in (folder / "weights").iterdir()
    }


def checkpoint(folder: Path) -> Path:
    return max((folder / "checkpoints").iterdir())


@pytest.fixture(scope="session")
def whole(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An unbroken run of 12 steps of each recipe."""
    folders = {recipe: tmp_path_factory.mktemp("whole") / recipe for recipe in RECIPES}
    for recipe, folder in folders.items():
        train(recipe, faces, folder, steps=12, log_every=2, validate_every=4)
    return folders


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


@pytest.mark.parametrize(
    ("recipe", "stage", "step"),
    [
        ("toy-distilled", "teacher", 1),
        ("toy-distilled", "teacher", 4),
        ("toy-distilled", "student", 1),
        ("toy-distilled", "student", 5),
        ("toy-gan", "pretrain", 3),
        ("toy-gan", "gan", 5),
    ],
)
def test_a_killed_run_ends_as_an_unbroken_one_bit_for_bit(
    run: Run, whole: dict[str, Path], monkeypatch: pytest.MonkeyPatch, recipe: str, stage: str, step: int
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        kill_at(patch, stage, step)
        run(recipe)
    result = run(recipe, resume=True)
    assert weights_of(result.folder) == weights_of(whole[recipe])
    assert metrics(result.folder) == metrics(whole[recipe])
    ours, theirs = checkpoint(result.folder), checkpoint(whole[recipe])
    assert ours.name == theirs.name
    assert (ours / TENSORS).read_bytes() == (theirs / TENSORS).read_bytes()


def test_a_run_can_be_killed_again_and_again(run: Run, whole: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for stage, step in (("teacher", 3), ("student", 3), ("student", 7)):
        with monkeypatch.context() as patch, pytest.raises(KilledError):
            kill_at(patch, stage, step)
            run("toy-distilled", resume=True)
    assert weights_of(run("toy-distilled", resume=True).folder) == weights_of(whole["toy-distilled"])


def test_a_stage_starts_from_the_averaged_weights_of_an_earlier_one(whole: dict[str, Path]) -> None:
    folder = whole["toy-distilled"]
    product = load_file(folder / "weights" / "teacher.safetensors")
    frozen = load_file(checkpoint(folder) / TENSORS)
    assert all(torch.equal(frozen[f"modules/teacher/{key}"], value) for key, value in product.items())
    trained = load_file(folder / "checkpoints" / "0-teacher-0000004" / TENSORS)
    assert not torch.equal(trained["modules/teacher/head.weight"], product["head.weight"])


def test_a_module_that_an_earlier_stage_trained_goes_on_from_there_after_a_resume(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Recipe(toys.ToyGan):
        """A net is trained, left alone, and trained again as it is."""

        def stages(self) -> list[Stage]:
            first, other = super().stages()[0], super().stages()[0]
            again = replace(first, name="again")
            return [first, replace(other, name="other"), again]

    recipe = Recipe(toys.ToyGanConfig())
    expected = weights_of(run(recipe, out="whole").folder)
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        kill_at(patch, "other", 3)
        run(recipe)
    assert weights_of(run(recipe, resume=True).folder) == expected


def test_a_finished_run_resumes_to_its_result(run: Run) -> None:
    first = run("toy-distilled")
    before = weights_of(first.folder), metrics(first.folder)
    again = run("toy-distilled", resume=True)
    assert again == first
    assert (weights_of(first.folder), metrics(first.folder)) == before


def test_a_truncated_checkpoint_gives_way_to_the_one_before(
    run: Run, whole: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        kill_at(patch, "student", 7)
        run("toy-distilled")
    broken = checkpoint(tmp_path / "run")
    (broken / TENSORS).write_bytes((broken / TENSORS).read_bytes()[:-9])
    said = Console(record=True, file=io.StringIO(), width=1000)
    result = run("toy-distilled", resume=True, console=said)
    text = said.export_text()
    assert f"{broken / TENSORS}: is truncated" in text
    assert "going back to 1-student-0000004" in text
    assert weights_of(result.folder) == weights_of(whole["toy-distilled"])
    assert metrics(result.folder) == metrics(whole["toy-distilled"])


def test_metrics_that_were_cut_are_told_and_cost_no_weights(
    run: Run, whole: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        kill_at(patch, "student", 7)
        run("toy-distilled")
    path = tmp_path / "run/metrics.jsonl"
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    said = Console(record=True, file=io.StringIO(), width=1000)
    assert weights_of(run("toy-distilled", resume=True, console=said).folder) == weights_of(whole["toy-distilled"])
    assert f"note: {path}: was cut after the checkpoint was made; those lines are lost" in said.export_text()


def test_a_checkpoint_that_no_run_comes_to_is_told(run: Run, whole: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(whole["toy-distilled"], tmp_path / "run")
    latest = checkpoint(folder)
    for name, problem in (("1-student-0000099", "after step 99"), ("7-student-0000001", "7-student after step 1")):
        latest = latest.rename(latest.with_name(name))
        with pytest.raises(DataError, match=rf"checkpoints: has a checkpoint of .*{problem}, and the run's stages and"):
            run("toy-distilled", resume=True)


def test_a_mistake_in_a_stored_config_names_its_file(run: Run, whole: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(whole["toy-distilled"], tmp_path / "run")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "overrides": {"fusion": "cancat"}}))
    with pytest.raises(UnknownNameError, match=r"config\.json: .*no fusion 'cancat'"):
        run("toy-distilled", resume=True)


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
    with pytest.raises(DataError, match="holds a run already; resume it"):
        run("toy-distilled", seed=1)
    assert weights_of(run("toy-distilled", resume=True).folder) == before


def test_resume_without_a_run_starts_one_and_says_so(run: Run) -> None:
    said = Console(record=True, file=io.StringIO(), width=1000)
    run("toy-distilled", resume=True, console=said)
    assert "holds no run yet: starting one" in said.export_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 1}, "started with seed = 0, and 1 is given now"),
        ({"steps": 13}, "started with steps = 12"),
        ({"minutes": 1, "steps": None}, "started with minutes = None"),
        ({"preset": "slow"}, "started with preset = None"),
        ({"overrides": {"ema": 0.5}}, "started with overrides = {}"),
        ({"precision": "float32"}, "started with precision = 'bf16'"),
        ({"recipe": "toy-gan"}, "started with recipe = 'toy-distilled'"),
    ],
)
def test_a_run_is_not_resumed_with_other_settings(
    run: Run, whole: dict[str, Path], tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    shutil.copytree(whole["toy-distilled"], tmp_path / "run")
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    (tmp_path / "run" / "config.json").write_text(json.dumps({**config, "precision": "bf16"}))
    recipe = options.pop("recipe", "toy-distilled")
    with pytest.raises(OptionError, match=message):
        run(recipe, resume=True, **options)


def test_a_run_is_not_resumed_on_other_data_or_with_a_changed_recipe(
    run: Run, whole: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(whole["toy-distilled"], tmp_path / "run")
    other = toys.make_faces(tmp_path / "other", seed=1)
    with pytest.raises(DataError, match="was started with the face sets toy faces x 1 .* and is given toy faces x 1"):
        run("toy-distilled", resume=True, data=other)
    config = json.loads((folder / "config.json").read_text())
    config["config"]["student"]["width"] = 5
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(DataError, match=r"has changed since .*student\.width was 5 and is 4"):
        run("toy-distilled", resume=True)


def test_a_moved_face_set_is_the_same_data(run: Run, whole: dict[str, Path], faces: Path, tmp_path: Path) -> None:
    shutil.copytree(whole["toy-distilled"], tmp_path / "run")
    run("toy-distilled", resume=True, data=shutil.copytree(faces, tmp_path / "moved"))


def test_a_config_of_something_else_is_no_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for content, message in (('{"name": 1}', "recipe: field required"), ("{", "cannot be read as JSON")):
        (tmp_path / "run" / "config.json").write_text(content)
        with pytest.raises(DataError, match=rf"config\.json: {message}"):
            run("toy-distilled", resume=True)


def test_without_a_whole_checkpoint_a_run_is_not_resumed(run: Run, whole: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(whole["toy-distilled"], tmp_path / "run")
    for path in (folder / "checkpoints").iterdir():
        (path / TENSORS).write_bytes(b"")
    with pytest.raises(DataError, match="no other checkpoint is left"):
        run("toy-distilled", resume=True)


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


def test_a_full_disk_ends_a_run_in_one_sentence_and_resumed_it_is_as_an_unbroken_one(run: Run, no_room: Any) -> None:
    options: dict[str, Any] = {"overrides": {"student.width": 300, "teacher.width": 300}, "curves": True}
    with no_room(100_000), pytest.raises(DataError, match=r"checkpoints/0-teacher-0000002: cannot be written"):
        run("toy-distilled", **options)
    broken = run("toy-distilled", resume=True, **options)
    assert weights_of(broken.folder) == weights_of(run("toy-distilled", out="whole", **options).folder)
    assert not list(broken.folder.rglob("*.part"))


def test_no_room_for_metrics_names_them(run: Run, no_room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.Setup, "rehearse", lambda self: None)
    real = RunFolder.append

    def append(self: RunFolder, line: Any) -> None:
        with no_room(100):
            real(self, line)

    monkeypatch.setattr(RunFolder, "append", append)
    with pytest.raises(DataError, match=r"metrics\.jsonl: cannot be written"):
        run("toy-distilled")
