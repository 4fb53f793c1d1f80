"""Every numeric option of every command refuses what is no number for it, in one sentence, before anything is made."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import priorsr
from priorsr.bench import run
from priorsr.bench.store.results import read_results
from priorsr.bench.submissions.pack import pack
from priorsr.cli.main import app
from tests.command_tree import commands

COMMANDS = {
    "demo": "--out OUT --data FACES",
    "train": "toy-gan --data TOYS --out OUT",
    "data priors": "FACES OUT --estimator parsing_net --from lr",
    "data shard": "FACES OUT",
    "data synth": "OUT --count 3",
    "data import folder": "IMAGES OUT",
    "data import celebamask-hq": "IMAGES OUT",
    "data import celeba": "IMAGES OUT",
    "data import helen": "IMAGES OUT",
    "bench run": "--model bicubic --data FACES --split val --protocol dic@1 --out OUT",
    "bench ablate": "toy-gan --data TOYS --split val --out OUT --vary generator.width=2,3 --steps 4",
    "bench priors": "TEACHER --data FACES --split val --out OUT",
    "bench site": "RESULTS --out OUT",
    "bench verify": "BUNDLE --data FACES",
    "upscale": "IMAGES --out OUT --model bicubic",
    "export": "bicubic OUT.onnx",
}
NONE = ("nan", "inf", "-inf", "abc", "", "-1", str(2**70), "1" + "0" * 400)
TAKEN = {  # what is a number for an option: more than there could be, or a place to either side
    ("train", "checkpoint_seconds"): {"inf", str(2**70), "1" + "0" * 400},
    ("bench priors", "shift"): {"-1", str(2**70)},
    ("bench priors", "blur"): {str(2**70)},
    ("bench verify", "seed"): {"-1", str(2**70), "1" + "0" * 400},
}


def types_in(hint: object) -> Iterator[object]:
    yield hint
    for part in typing.get_args(hint):
        yield from types_in(part)


NUMBERS = [
    (command, option)
    for command, callback in commands(app)
    for option, hint in typing.get_type_hints(callback).items()
    if {int, float} & set(types_in(hint))
]


@pytest.fixture(scope="module")
def given(tiny_faces: Path, toy_faces: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("numbers")
    priorsr.save(priorsr.create("model", "kdfsrnet-teacher", preset="nano"), root / "teacher.safetensors")
    run("bicubic", data=tiny_faces, split="val", protocols=["dic@1"], out=root / "results")
    pack(root / "results", read_results(root / "results"), root / "bundle.zip")
    return {
        "FACES": tiny_faces,
        "TOYS": toy_faces,
        "IMAGES": tiny_faces / "images",
        "TEACHER": root / "teacher.safetensors",
        "RESULTS": root / "results",
        "BUNDLE": root / "bundle.zip",
    }


def test_every_command_with_numbers_is_tried() -> None:
    assert {command for command, _ in NUMBERS} == COMMANDS.keys()


@pytest.mark.parametrize(("command", "option"), NUMBERS)
def test_what_is_no_number_for_an_option_is_one_sentence(
    mistake: Callable[..., str], given: dict[str, Path], tmp_path: Path, command: str, option: str
) -> None:
    places = {**given, "OUT": tmp_path / "out", "OUT.onnx": tmp_path / "out.onnx"}
    words = [str(places.get(word, word)) for word in f"{command} {COMMANDS[command]}".split()]
    for value in NONE:
        if value in TAKEN.get((command, option), ()):
            continue
        said = mistake(*words, f"--{option.replace('_', '-')}={value}")
        assert option.replace("_", "-") in said.replace("_", "-") or value[:60] in said, (value, said)
        assert not list(tmp_path.glob("out*")), value


@pytest.mark.parametrize("weight", ["nan", "inf", "-inf", "-1", "0", "1e400", "much"])
def test_a_weight_that_is_none_is_one_sentence(
    mistake: Callable[..., str], toy_faces: Path, tmp_path: Path, weight: str
) -> None:
    said = mistake("train", "toy-gan", "--data", f"{toy_faces}={weight}", "--out", tmp_path / "out", "--steps", 2)
    assert "weight is" in said
    assert not (tmp_path / "out").exists()
