from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
import torch
from torch import nn

import priorsr
from priorsr.bench import run
from priorsr.bench.running.entries import as_entry, baseline, entry_from_spec, entry_of
from priorsr.data import TrainingSet
from priorsr.errors import DataError, OptionError, PriorsrError, UnknownNameError


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return priorsr.create("model", "encoder_decoder", width=8, depth=1)


def test_the_baseline_is_trained_on_nothing() -> None:
    entry = baseline(4)
    assert (entry.facts.label, entry.facts.name, entry.facts.distribution) == ("bicubic", "bicubic", "priorsr")
    assert entry.facts.config == {"scale": 4}
    assert entry.training.data == ()


def test_a_model_in_memory_goes_by_its_registered_name(network) -> None:
    entry = entry_of(network)
    assert (entry.facts.label, entry.facts.name) == ("encoder_decoder", "encoder_decoder")
    assert entry.facts.config["width"] == 8
    assert entry.training.data == "unknown"
    assert entry_of(network, "mine").facts.label == "mine"


def test_a_class_that_is_not_registered_goes_by_its_own_name() -> None:
    @dataclass(frozen=True)
    class Config:
        part: type = nn.ReLU

    class Mine(nn.Module):
        prior = "none"
        config = Config()

    facts = entry_of(Mine()).facts
    assert facts.distribution == "unregistered"
    assert facts.name.endswith("Mine")
    assert facts.config == {"part": "ReLU"}


def test_what_is_not_a_model_is_refused() -> None:
    with pytest.raises(OptionError, match="the Conv2d given as model declares prior = None"):
        entry_of(nn.Conv2d(1, 1, 1))


def test_a_weights_file_is_what_was_saved(network, tmp_path) -> None:
    path = tmp_path / "mine.safetensors"
    data = {"name": "faces", "version": "2", "hash": "ab" * 32, "path": "somewhere"}
    priorsr.save(network, path, card={"data": data, "networks": {"teacher": "Teacher"}})
    entry = entry_from_spec(path)
    assert entry.facts.label == "mine"
    assert entry.facts.weights_hash == entry_of(network).facts.weights_hash
    assert entry.training.data == ("faces 2 (abababababab)",)
    assert entry.training.networks == ("teacher: Teacher",)


def test_several_training_sets_are_all_declared(network, tmp_path) -> None:
    path = tmp_path / "mine.safetensors"
    one = {"name": "a", "version": "1", "hash": "1" * 64, "split": "train", "count": 9, "priors": {}}
    priorsr.save(network, path, card={"data": [one, {**one, "name": "b", "hash": "2" * 64, "weight": 2.0}, "others"]})
    first, second, third = entry_from_spec(path).training.data
    assert first == TrainingSet.model_validate(one)
    assert str(second) == "b 1 train x 2 (222222222222)"
    assert third == "others"


def test_one_changed_weight_is_another_hash(network) -> None:
    before = entry_of(network).facts.weights_hash
    with torch.no_grad():
        next(network.parameters()).view(-1)[0] += 1e-6
    assert entry_of(network).facts.weights_hash != before


def save_run(network: nn.Module, folder, stages, finished) -> None:
    (folder / "weights").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"stage_steps": dict.fromkeys(stages, 10)}))
    for stage in finished:
        priorsr.save(network, folder / "weights" / f"{stage}.safetensors", card={"stage": stage})


def test_a_run_stands_for_the_product_of_its_last_stage(network, tmp_path) -> None:
    save_run(network, tmp_path / "run", ["teacher", "student"], ["student", "teacher"])
    entry = entry_from_spec(str(tmp_path / "run"))
    assert entry.facts.label == "run"
    assert entry.facts.card["stage"] == "student"


def test_an_unfinished_run_is_refused(network, tmp_path) -> None:
    save_run(network, tmp_path / "run", ["teacher", "student"], ["teacher"])
    with pytest.raises(DataError, match=r"no weights of its last stage 'student'.*teacher\.safetensors"):
        entry_from_spec(tmp_path / "run")


def test_a_folder_that_is_no_run_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="neither model.safetensors nor a training run's config.json"):
        entry_from_spec(tmp_path)


def test_a_name_without_weights_would_be_random() -> None:
    with pytest.raises(PriorsrError, match="'encoder_decoder' has parameters, and no installed package offers weights"):
        entry_from_spec("encoder_decoder")


def test_a_name_that_is_nothing_gets_a_hint() -> None:
    with pytest.raises(UnknownNameError, match="called 'bicubik'; did you mean 'bicubic'"):
        entry_from_spec("bicubik")
    with pytest.raises(DataError, match=r"gone\.safetensors: there is no such file"):
        entry_from_spec("gone.safetensors")


@pytest.mark.parametrize(
    ("card", "data", "seed"),
    [
        ({"data": {"name": "a", "hash": "b"}}, ("a None (b)",), "unknown"),
        ({"data": {"name": "a", "version": "1", "hash": 5}}, ("a 1 (5)",), "unknown"),
        ({"data": [None, {"name": 3}, ["x"]], "seed": -1}, ("None", "{'name': 3}", "['x']"), "unknown"),
        ({"data": 5, "seed": True}, "unknown", "unknown"),
        ({"data": "faces", "seed": 2.5}, "unknown", "unknown"),
        ({"data": ["faces"], "seed": 3, "stage": ["x"], "recipe": {}, "minutes": "x"}, ("faces",), 3),
    ],
)
def test_whatever_a_card_holds_an_entry_can_be_made_of_it(network, card, data, seed) -> None:
    network.card = card
    found = entry_of(network).training
    assert (found.data, found.seed) == (data, seed)


# Networks of other people


def half_bright(lr: torch.Tensor) -> torch.Tensor:
    return nn.functional.interpolate(lr, scale_factor=8) / 2


class Plain(nn.Module):
    """A network that knows nothing of priorsr."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 192, 3, padding=1), nn.PixelShuffle(8))

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        return self.body(lr)


def test_a_network_goes_by_its_class_and_its_own_source() -> None:
    torch.manual_seed(0)
    network = Plain()
    entry = as_entry(network)
    assert (entry.facts.distribution, entry.facts.name, entry.facts.label) == ("unregistered", "Plain", "Plain")
    assert entry.facts.weights_hash != as_entry(Plain()).facts.weights_hash
    assert entry.training.data == "unknown"
    (component,) = entry.components
    assert (component.name, component.distribution) == ("Plain", "unregistered")


def test_a_function_goes_by_its_name_and_its_source() -> None:
    def half_as_bright(lr: torch.Tensor) -> torch.Tensor:
        return nn.functional.interpolate(lr, scale_factor=8) / 4

    entry, other = as_entry(half_bright), as_entry(half_as_bright)
    assert entry.facts.name == "half_bright"
    assert entry.components[0].hash != other.components[0].hash


def test_a_function_is_scored_beside_bicubic(faces, tmp_path) -> None:
    (record,) = run(half_bright, data=faces, split="val", protocols=["dic@1"], out=tmp_path, name="mine")
    assert (record.model.label, record.training.data) == ("mine", ())
    assert record.scores["psnr"].mean < 15
