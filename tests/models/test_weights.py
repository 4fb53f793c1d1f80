"""Weights in and out, and what must be refused."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import nn

import priorsr
from priorsr import registry
from priorsr.errors import DataError, OptionError, UnknownNameError
from priorsr.models import read_card, weights_hash
from priorsr.models.weights import save_tensors
from tests.models.small_encoder_decoder import SMALL


def test_a_model_comes_back_with_its_config_and_card(model: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    priorsr.save(model.to(memory_format=torch.channels_last), path, card={"data": "none"})
    back = priorsr.load(path)
    lr = torch.rand(1, 3, 4, 4)
    assert back.config == model.config
    assert back.card == {"data": "none"}
    assert not back.training
    assert torch.allclose(back(lr).sr, model.eval()(lr).sr, atol=1e-6)
    assert weights_hash(back) == weights_hash(model)


def test_there_is_one_metadata_key(model: nn.Module, tmp_path: Path) -> None:
    priorsr.save(model, tmp_path / "a.safetensors")
    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        assert set(file.metadata()) == {"priorsr"}
        described = json.loads(file.metadata()["priorsr"])
    assert described["name"] == "encoder_decoder"
    assert described["distribution"] == "priorsr"
    assert described["config"]["attention"] == {"part": "channel", "options": {"reduction": 2}}


def test_the_hash_sees_every_tensor(model: nn.Module) -> None:
    before = weights_hash(model)
    with torch.no_grad():
        model.tail.bias[0] += 1e-3
    assert weights_hash(model) != before


def test_the_same_model_gives_the_same_file(model: nn.Module, tmp_path: Path) -> None:
    for name in "ab":
        priorsr.save(model, tmp_path / name, card={"z": 1, "a": 2})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_class_that_is_registered_is_saved_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())

    class Mine(nn.Identity):
        kind = "attention"

        def __init__(self, channels: int) -> None:
            super().__init__()

        def forward(self, x, residual=None):
            return x if residual is None else x + residual

    model = priorsr.create("model", "encoder_decoder", **SMALL, attention=Mine)
    with pytest.raises(OptionError, match=r"Mine is not registered"):
        priorsr.save(model, tmp_path / "a.safetensors")
    priorsr.register("attention", "mine")(Mine)
    priorsr.save(model, tmp_path / "a.safetensors")
    assert priorsr.load(tmp_path / "a.safetensors").config.attention == "mine"


def test_only_registered_names_are_built(model: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    priorsr.save(model, path)
    described = read_card(path) | {"name": "os:system", "distribution": "evil"}
    save_tensors(model.state_dict(), path, described)
    with pytest.raises(UnknownNameError, match="there is no model"):
        priorsr.load(path)


def test_parts_within_parts_and_tuples_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())

    @priorsr.register("attention", "outer")
    class Outer(nn.Module):
        kind = "attention"

        def __init__(self, channels: int, inner: registry.PartSpec = "channel", sizes: tuple[int, ...] = ()) -> None:
            super().__init__()
            self.inner, self.sizes = registry.build_part("attention", inner, channels=channels), sizes

        def forward(self, x, residual=None):
            return self.inner(x, residual)

    part = priorsr.Part("outer", inner=priorsr.Part("channel", reduction=2), sizes=(1, 2))
    model = priorsr.create("model", "encoder_decoder", **SMALL, attention=part)
    priorsr.save(model, tmp_path / "a.safetensors")
    assert priorsr.load(tmp_path / "a.safetensors").config == model.config


def test_a_replaced_class_is_not_saved_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())
    old = type("Net", (type(priorsr.create("model", "bicubic")),), {})
    priorsr.register("model", "mine")(old)
    model = priorsr.create("model", "mine")
    priorsr.register("model", "mine")(type("Net", (old,), {}))
    with pytest.raises(OptionError, match="is not registered"):
        priorsr.save(model, tmp_path / "a.safetensors")


def test_a_card_is_kept_and_must_be_json(model: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    priorsr.save(model, path, card={"data": "faces"})
    priorsr.save(priorsr.load(path), path)
    assert priorsr.load(path).card == {"data": "faces"}
    for value in (float("nan"), tmp_path):
        with pytest.raises(OptionError, match="cannot be saved"):
            priorsr.save(model, path, card={"bad": value})


def test_a_file_that_cannot_be_written_is_told(model: nn.Module, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "a.safetensors", tmp_path):
        with pytest.raises(DataError, match="(cannot be written|is a folder; a file to write was expected)"):
            priorsr.save(model, path)


def test_an_estimator_comes_back_with_its_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())

    @priorsr.register("estimator", "tiny")
    class Tiny(nn.Module):
        kind = "estimator"

        def __init__(self, width: int = 2) -> None:
            super().__init__()
            self.options = {"width": width}
            self.conv = nn.Conv2d(3, width, 1)

    path, estimator = tmp_path / "a.safetensors", priorsr.create("estimator", "tiny", width=5)
    priorsr.save(estimator, path, card={"data": "none"})
    back = priorsr.load(path)
    assert (type(back), back.options, back.card) == (Tiny, {"width": 5}, {"data": "none"})
    assert torch.equal(back.conv.weight, estimator.conv.weight)
    del estimator.options
    with pytest.raises(OptionError, match="the estimator 'tiny' has no 'options'"):
        priorsr.save(estimator, path)


def test_weights_of_before_estimators_are_a_models(model: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    priorsr.save(model, path)
    described = read_card(path)
    assert described.pop("kind") == "model"
    save_tensors(model.state_dict(), path, described)
    assert priorsr.load(path).config == model.config
    save_tensors(model.state_dict(), path, described | {"kind": ["fusion"]})
    with pytest.raises(DataError, match=r"the metadata: kind is \['fusion'\]: input should be 'model' or 'estimator'"):
        priorsr.load(path)


def test_weights_are_written_as_other_files_are(model: nn.Module, tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    priorsr.save(model, tmp_path / "a.safetensors")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "a.safetensors")}
    assert len(modes) == 1
