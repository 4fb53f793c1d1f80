"""Weights that know whose code they were made of: on distributions made here."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from torch import nn

import priorsr
from priorsr import registry
from priorsr.errors import DataError, OptionError, PriorsrWarning, UnknownNameError
from priorsr.models import read_card
from priorsr.models.weights import save_tensors
from priorsr.sources import Component, as_installed

FUSION = """
from torch import nn

class Mine(nn.Module):
    kind = "fusion"
    prior = "parsing"

    def __init__(self, channels, prior_channels, size=1):
        super().__init__()
        self.project = nn.Conv2d(prior_channels, channels, size)

    def forward(self, features, prior_map):
        return features + self.project(nn.functional.interpolate(prior_map, features.shape[2:]))
"""
Install = Callable[..., None]


@pytest.fixture
def fsr(install: Install) -> Callable[..., None]:
    """Install a distribution that offers the fusion `mine`: fsr("fsr-x", "0.1.0", SOURCE)."""

    def put(name: str, version: str = "0.1.0", source: str = FUSION, kind: str = "fusion") -> None:
        module = name.replace("-", "_")
        install(name, {kind: f"mine = {module}:Mine"}, {f"{module}.py": source}, version=version)

    return put


@pytest.fixture
def weights(fsr, tmp_path: Path) -> Path:
    """PKDN's teacher with the fusion of fsr-x 0.1.0."""
    fsr("fsr-x")
    path = tmp_path / "teacher.safetensors"
    priorsr.save(priorsr.create("model", "pkdn-teacher", preset="nano", fusion="mine"), path)
    return path


def fusion_module(model: nn.Module) -> str:
    return type(model.fusion[0]).__module__


def test_weights_list_what_they_are_made_of(weights: Path) -> None:
    model = priorsr.load(weights)
    parts = {(part.kind, part.name, part.distribution, part.version) for part in model.made_by}
    assert ("fusion", "mine", "fsr-x", "0.1.0") in parts
    assert ("model", "pkdn-teacher", "priorsr-pkdn", "0.1.0") in parts
    assert read_card(weights)["components"][0].keys() == {field.name for field in fields(Component)}
    assert as_installed(model.made_by) == {part: part for part in model.made_by}


def test_a_second_package_with_the_same_name_leaves_weights_readable(weights: Path, fsr) -> None:
    fsr("other-y", source=FUSION.replace("features +", "features -"))
    assert fusion_module(priorsr.load(weights)) == "fsr_x"


def test_another_package_with_that_name_does_not_take_its_place(weights: Path, fsr, install: Install) -> None:
    fsr("other-y")
    install("fsr-x", {}, {})
    message = (
        r"teacher\.safetensors: the fusion 'mine' was that of fsr-x 0\.1\.0, and it is not installed; "
        r"other-y 0\.1\.0 offers another of that name"
    )
    with pytest.raises(UnknownNameError, match=message):
        priorsr.load(weights)


def test_another_version_is_told_and_another_source_is_not(weights: Path, fsr) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fsr("fsr-x", "0.1.0", FUSION.replace("features +", "features -"))
        model = priorsr.load(weights)
    here = as_installed(model.made_by)
    assert {part.name for part, found in here.items() if found != part} == {"mine"}
    fsr("fsr-x", "0.3.0")
    with pytest.warns(PriorsrWarning, match=r"teacher\.safetensors: made by fsr-x 0\.1\.0, here is 0\.3\.0$"):
        model = priorsr.load(weights)
    (changed,) = [(part, found) for part, found in as_installed(model.made_by).items() if found != part]
    assert (changed[0].version, changed[1].version) == ("0.1.0", "0.3.0")
    assert changed[0].hash == changed[1].hash


BROKEN = {
    "other tensors": (FUSION.replace("size=1", "size=3").replace(", size)", ", size, padding=1)"), DataError),
    "no such option": (FUSION.replace("channels, size=1", "size=1").replace("(prior_channels", "(1"), OptionError),
    "a constructor that fails": (FUSION.replace("super().__init__()", "raise RuntimeError('gone')"), OptionError),
}


@pytest.mark.parametrize(("source", "error"), BROKEN.values(), ids=BROKEN)
def test_another_version_is_told_where_loading_fails(weights: Path, fsr, source: str, error: type) -> None:
    fsr("fsr-x", "0.3.0", source)
    with pytest.raises(error, match=r"teacher\.safetensors: .*; made by fsr-x 0\.1\.0, here is 0\.3\.0$"):
        priorsr.load(weights)


def test_a_component_of_the_session_is_recorded_as_such(tmp_path: Path, fsr, monkeypatch) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())

    class Mine(nn.Module):
        kind = "attention"

        def __init__(self, channels: int) -> None:
            super().__init__()

        def forward(self, x, residual=None):
            return x

    priorsr.register("attention", "mine")(Mine)
    path = tmp_path / "a.safetensors"
    priorsr.save(priorsr.create("model", "encoder_decoder", width=4, depth=1, attention="mine"), path)
    (part,) = [part for part in priorsr.load(path).made_by if part.kind == "attention"]
    assert (part.distribution, part.version) == ("session", "")
    monkeypatch.setattr(registry, "_state", registry._State())
    fsr("fsr-x", kind="attention", source=FUSION.replace('"fusion"', '"attention"'))
    with pytest.raises(UnknownNameError, match="'mine' was that of session, and the running program does not register"):
        priorsr.load(path)


def test_what_trained_a_model_stays_with_it(tmp_path: Path) -> None:
    recipe = Component("training", "recipe", "mine", "fsr-x", "0.1.0", "0" * 64)
    path, model = tmp_path / "a.safetensors", priorsr.create("model", "encoder_decoder", width=4, depth=1)
    priorsr.save(model, path, trained_by=[recipe])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what only trained it may be another version, or gone
        again = priorsr.load(path)
    assert recipe in again.made_by
    assert as_installed(again.made_by)[recipe] is None
    priorsr.save(again, path)
    assert recipe in priorsr.load(path).made_by
    priorsr.save(again, path, trained_by=())
    assert recipe not in priorsr.load(path).made_by


def test_weights_of_before_components_were_listed_are_read(tmp_path: Path) -> None:
    path, model = tmp_path / "a.safetensors", priorsr.create("model", "encoder_decoder", width=4, depth=1)
    priorsr.save(model, path)
    described = read_card(path)
    del described["components"]
    save_tensors(model.state_dict(), path, described)
    assert priorsr.load(path).made_by is None


@pytest.mark.parametrize(
    "listed", [5, "x", ["x"], [{"kind": "fusion"}], [{field.name: "x" for field in fields(Component)}]]
)
def test_a_broken_list_is_refused(tmp_path: Path, listed) -> None:
    path, model = tmp_path / "a.safetensors", priorsr.create("model", "encoder_decoder", width=4, depth=1)
    priorsr.save(model, path)
    save_tensors(model.state_dict(), path, read_card(path) | {"components": listed})
    with pytest.raises(DataError, match=r"a\.safetensors: the metadata's 'components' are no list of components"):
        priorsr.load(path)
