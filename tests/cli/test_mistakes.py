"""A user's mistakes, command by command: each is one sentence that names the file or value, and exit code 2."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import priorsr

TRAIN = "train kdfsrnet --data FACES --out OUT --preset nano --steps 4"
TOY = "train toy-gan --data FACES --out OUT --steps 4"
BENCH = "bench run --model bicubic --data FACES --split val --protocol dic@1 --out OUT"


@pytest.fixture(scope="module")
def place(tiny_faces: Path, toy_faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of what users may give: whole and broken."""
    root = tmp_path_factory.mktemp("given")
    (root / "file").write_text("")
    (root / "text/images").mkdir(parents=True)
    (root / "text/images/letter.png").write_text("dear reader")
    for name in ("unknown-class", "nan"):
        (root / name / "images").mkdir(parents=True)
        shutil.copy(tiny_faces / "images/000000.png", root / name / "images/a.png")
    (root / "unknown-class/parsing").mkdir()
    Image.fromarray(np.full((64, 64), 77, np.uint8)).save(root / "unknown-class/parsing/a.png")
    shutil.copytree(toy_faces, root / "lying")
    manifest = json.loads((root / "lying/manifest.json").read_text())
    (root / "lying/manifest.json").write_text(json.dumps(manifest | {"image_sizes": [[64, 64]]}))
    points = np.full((1, 68, 2), np.nan, np.float32)
    np.savez(root / "nan/landmarks.npz", ids=np.array(["a"]), landmarks=points)
    whole = priorsr.create("model", "encoder_decoder", width=8, depth=1)
    priorsr.save(whole, root / "whole.safetensors")
    (root / "cut.safetensors").write_bytes((root / "whole.safetensors").read_bytes()[:-9])
    torch.save({"a": torch.ones(1)}, root / "a.pth")
    (root / "results/records").mkdir(parents=True)
    (root / "results/records/broken.json").write_text('{"format": 1')
    return root


MISTAKES = [
    # Missing, and of the wrong kind
    (f"{TRAIN} --data nowhere", "nowhere: there is no such folder"),
    (f"{BENCH} --data nowhere", "nowhere: there is no such folder"),
    ("data import folder nowhere OUT", "nowhere: there is no such folder"),
    ("data doctor text", "no manifest.json"),
    (f"{TRAIN} --out file", "file: is a file; a folder for the run was expected"),
    (f"{TRAIN} --out file/run", "file: is a file; a folder for the run was expected"),
    (f"{BENCH} --out file", "file: is a file; a folder for the results was expected"),
    # Broken
    ("data import folder text OUT", "letter.png: cannot be read as an image"),
    ("data import folder unknown-class OUT", "a.png: has the class 77; the classes 0 to 18"),
    ("data import folder nan OUT", "landmarks.npz: the face 'a': landmark 0 is NaN"),
    (f"{BENCH} --model cut.safetensors", "cut.safetensors: cannot be read as safetensors"),
    (f"{BENCH} --data lying", ".png: is 32 x 32; 64 x 64 was expected, as manifest.json has it"),
    ("weights convert a.pth ours.safetensors", "a.pth"),
    ("bench site results --out OUT", "broken.json: cannot be read as JSON"),
    ("bench site nowhere --out OUT", "nowhere: holds no record"),
    ("bench site results --out file", "file: is a file; a folder for the site was expected"),
    # Unknown names
    (f"{TRAIN} --preset nanno", "'nanno'; did you mean 'nano'?"),
    ("train kdfsrnt --data FACES --out OUT", "no recipe 'kdfsrnt'; did you mean 'kdfsrnet'?"),
    (f"{TRAIN} --set student.attention=chanel", "no attention 'chanel'; did you mean 'channel'?"),
    (f"{TOY} --set reduction=pil-bicubic generator.fusion=cancat", "'cancat'; did you mean 'concat'?"),
    (f"{TOY} --set generator.widht=3", "did you mean 'generator.width'"),
    (f"{BENCH} --model bicubik", "'bicubik'; did you mean 'bicubic'?"),
    (f"{BENCH} --split vol", "no split 'vol'; did you mean 'val'?"),
    (f"{BENCH} --protocol priorsr@1 dic@9", "no protocol 'dic@9'"),
    (f"{BENCH} --score nonsense", "no score 'nonsense'"),
    ("data doctor FACES --reduction bicubic", "no reduction kernel 'bicubic'"),
    ("list fussion", "did you mean 'fusion'?"),
    # Values
    (f"{TOY} --set width", "--set 'width': NAME=VALUE was expected"),
    (f"{TOY} --minutes 1", "both steps = 4 and minutes = 1.0 were given"),
    (f"{TOY} --log-every 0", "log_every is 0; a number from 1"),
    (f"{TOY} --log-every -3", "log_every is -3; a number from 1"),
    (f"{TOY} --checkpoint-seconds -1", "checkpoint_seconds is -1.0; 0 or more"),
    (f"{TOY} --seed -1", "seed is -1; a number from 0 to 4294967295"),
    (f"{BENCH} --seed 1", "No such option: --seed"),
    (f"{BENCH} --device meta", "device is 'meta'; 'auto', 'cpu', 'cuda' or 'cuda:N'"),
    (f"{BENCH} --device cuda:99", "device is 'cuda:99', and torch finds"),
    (f"{BENCH} --device cuda:", "device is 'cuda:'; 'auto', 'cpu'"),
    ("data synth new --count 0", "count is 0; a number from 1 to 10000000 was expected"),
    ("data synth FACES --count 3", "made from other files or options"),
    ("demo --out OUT --steps 0", "Invalid value for '--steps'"),
    ("demo --out OUT --seed -1", "Invalid value for '--seed'"),
    ("demo --out file", "file: is a file; a folder for the demo was expected"),
    # Usage
    ("trainn", "No such command 'trainn'"),
    ("train", "Missing argument"),
    (f"{TOY} extra", "unexpected extra argument"),
    (f"{TOY} --bogus", "--bogus"),
    (f"{TOY} --seed one", "Invalid value for '--seed'"),
    (f"{BENCH} --prior guessed", "Invalid value for '--prior': 'guessed' is not one of"),
]


@pytest.mark.parametrize(("command", "sentence"), MISTAKES, ids=[command for command, _ in MISTAKES])
def test_a_mistake_is_one_sentence_and_exit_code_2(
    mistake, place: Path, tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, sentence: str
) -> None:
    monkeypatch.chdir(place)
    before = sorted(place.rglob("*"))
    known = {"FACES": tiny_faces, "OUT": tmp_path / "out"}
    assert sentence in mistake(*(known.get(word, word) for word in command.split()))
    assert not (tmp_path / "out" / "config.json").exists()
    assert not (tmp_path / "out" / "demo.json").exists()
    assert not (tmp_path / "out" / "records").exists()
    assert sorted(place.rglob("*")) == before


def test_weights_that_overflow_are_named(mistake, tiny_faces: Path, tmp_path: Path) -> None:
    huge = priorsr.create("model", "encoder_decoder", width=8, depth=1)
    with torch.no_grad():
        next(huge.parameters()).fill_(1e38)
    priorsr.save(huge, tmp_path / "huge.safetensors")
    known = {"FACES": tiny_faces, "OUT": tmp_path / "out"}
    said = mistake(*(known.get(word, word) for word in BENCH.split()), "--model", tmp_path / "huge.safetensors")
    assert f"{tmp_path / 'huge.safetensors'}: the model EncoderDecoder makes NaN or infinity of the face" in said


def test_broken_runs_are_not_resumed(cli, mistake, toy_faces: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = ("train", "toy-gan", "--data", toy_faces, "--out", run, "--steps", 2, "--resume")
    assert cli(*command)[0] == 0
    config = json.loads((run / "config.json").read_text())
    for key in ("threads", "minutes", "data"):
        (run / "config.json").write_text(json.dumps({name: value for name, value in config.items() if name != key}))
        assert f"config.json: {key}: field required" in mistake(*command)
    (run / "config.json").write_text(json.dumps(config))
    for path in run.glob("checkpoints/*/*.safetensors"):
        path.write_bytes(path.read_bytes()[:-9])
    code, _, err = cli(*command)
    note, last = err.splitlines()
    assert code == 2
    assert "1-gan-0000001/tensors.safetensors: is truncated" in note
    assert last.startswith(f"error: {run / 'checkpoints/0-pretrain-0000001/tensors.safetensors'}: is truncated")


def test_doctor_tells_lr_images_of_another_size(cli, tiny_faces: Path, tmp_path: Path) -> None:
    for image in (tiny_faces / "images").iterdir():
        Image.new("RGB", (7, 9)).save(tmp_path / image.name)
    code, out, err = cli("data", "doctor", tiny_faces, "--lr", tmp_path, "--json")
    assert code == 2
    assert err == ""
    assert "9 x 7" in json.loads(out)["findings"][0]["problem"]


def test_what_the_system_refuses_is_one_sentence(mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "[b]new"))

    monkeypatch.setattr("priorsr.data.importers.synthetic.synthesise", full)
    assert f"{tmp_path / '[b]new'}: No space left on device" in mistake("data", "synth", tmp_path, "--count", 1)
