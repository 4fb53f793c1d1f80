from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

import priorsr
from priorsr.errors import OptionError, PriorsrError, UnknownNameError, WrongKindError
from priorsr.models.model_spec import model_from_spec


def test_a_model_is_returned_as_it_is() -> None:
    model = priorsr.create("model", "bicubic")
    assert model_from_spec(model) is model


def test_a_name_without_parameters_and_a_file_are_models(tmp_path: Path) -> None:
    assert model_from_spec("bicubic").scale == 8
    priorsr.save(priorsr.create("model", "encoder_decoder", width=4, depth=0), tmp_path / "a.safetensors")
    assert model_from_spec(tmp_path / "a.safetensors").config.width == 4


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    estimator = priorsr.create("estimator", "parsing_net", weights="untrained")
    priorsr.save(estimator, tmp_path / "a.safetensors")
    with pytest.raises(WrongKindError, match=r"a\.safetensors: is of the kind 'estimator'; a model was expected"):
        model_from_spec(tmp_path / "a.safetensors")
    with pytest.raises(WrongKindError, match="the ReLU given as model: is of the kind None"):
        model_from_spec(nn.ReLU())


def test_a_name_of_nothing_or_without_weights_is_refused() -> None:
    with pytest.raises(OptionError, match="mine.py: names no network in it; mine.py:NAME was expected"):
        model_from_spec("mine.py")
    with pytest.raises(UnknownNameError, match="neither a model, nor a file or folder, called 'bicubik'"):
        model_from_spec("bicubik")
    with pytest.raises(PriorsrError, match="'encoder_decoder' has parameters, and no installed package"):
        model_from_spec("encoder_decoder")


def test_weights_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("priorsr.models.model_spec.weights_names", lambda model=None: [])
    with pytest.raises(UnknownNameError, match=r"pip install 'priorsr\[models,weights\]'"):
        model_from_spec("pknd")
    with pytest.raises(PriorsrError, match=r"pip install 'priorsr\[weights\]'"):
        model_from_spec("encoder_decoder")
