"""Runs that go on after they were stopped, killed or damaged."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import toys
from rich.console import Console

from priorsr.errors import DataError, OptionError, UnknownNameError
from priorsr.training import Stage, setup
from priorsr.training.checkpoints import TENSORS
from priorsr.training.run_folder import RunFolder
from priorsr.training.trainer import Trainer
from tests.training.run_files import KilledError, Run, checkpoint, kill_at, metrics, weights_of


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
    assert f"note: {path}: was cut after the checkpoint was written; the missing lines are lost" in said.export_text()


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


def test_resume_without_a_run_starts_one_and_says_so(run: Run) -> None:
    said = Console(record=True, file=io.StringIO(), width=1000)
    run("toy-distilled", resume=True, console=said)
    assert "holds no run: starting a new one" in said.export_text()


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
    with pytest.raises(DataError, match="there is no other checkpoint: start again"):
        run("toy-distilled", resume=True)


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


def test_a_resumed_run_takes_the_threads_that_it_was_started_with(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    real = Trainer.run
    before = torch.get_num_threads()

    def counted(self: Trainer, *args: Any) -> Any:
        threads.append(torch.get_num_threads())
        return real(self, *args)

    monkeypatch.setattr(Trainer, "run", counted)
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        kill_at(patch, "teacher", 3)
        run("toy-distilled", threads=before + 1)
    folder = run("toy-distilled", resume=True).folder
    assert json.loads((folder / "config.json").read_text())["threads"] == before + 1
    assert threads == [before + 1, before + 1]
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("threads", [0, -1, 1025])
def test_a_number_of_threads_has_bounds(run: Run, threads: int) -> None:
    with pytest.raises(OptionError, match=f"threads is {threads}"):
        run("toy-distilled", threads=threads)
