"""Components that are built from options, right and wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest
from torch import nn

import priorsr
from priorsr import registry
from priorsr.errors import (
    OptionError,
    UnknownNameError,
    WrongKindError,
)

pytestmark = pytest.mark.usefixtures("fresh_registry")


def test_an_instance_has_what_its_kind_demands() -> None:
    @dataclass(frozen=True)
    class Config:
        presets: ClassVar = {"paper": {}}

    def recipe(**attributes: object) -> type:
        made = {"kind": "recipe", "Config": Config, "__init__": lambda self, config: None, **attributes}
        return priorsr.register("recipe", "mine")(type("Mine", (), made))

    recipe(scale=8, reduction="pil-bicubic")
    priorsr.create("recipe", "mine")
    recipe(scale=8)
    with pytest.raises(WrongKindError, match="'mine' has no attribute 'reduction'; every recipe has one"):
        priorsr.create("recipe", "mine")
    recipe(scale="8", reduction="pil-bicubic")
    with pytest.raises(WrongKindError, match="'mine' has scale = '8', and one of type int was expected"):
        priorsr.create("recipe", "mine")


def test_wrong_options_list_the_right_ones() -> None:
    with pytest.raises(OptionError, match="no option 'reductoin'; did you mean 'reduction'"):
        priorsr.create("attention", "channel", channels=4, reductoin=2)
    with pytest.raises(OptionError, match="needs channels"):
        priorsr.create("attention", "channel")
    with pytest.raises(OptionError, match="has no presets"):
        priorsr.create("attention", "channel", preset="nano", channels=4)
    with pytest.raises(OptionError, match="no option 'widht'; did you mean 'width'"):
        priorsr.create("model", "encoder_decoder", widht=4)
    with pytest.raises(OptionError, match=r"width is 'wide'"):
        priorsr.create("model", "encoder_decoder", width="wide")
    with pytest.raises(UnknownNameError, match=r"no preset 'papr'"):
        priorsr.create("model", "encoder_decoder", preset="papr")


def test_parts_are_names_parts_or_classes_never_instances() -> None:
    for part in ("channel", priorsr.Part("channel", reduction=2), registry.find("attention", "channel")):
        assert registry.build_part("attention", part, channels=8).channels == 8
    with pytest.raises(OptionError, match="given as an instance of ChannelAttention"):
        registry.build_part("attention", priorsr.create("attention", "channel", channels=8), channels=8)
    with pytest.raises(OptionError, match="takes channels from its skeleton"):
        registry.build_part("attention", priorsr.Part("channel", channels=4), channels=8)
    with pytest.raises(WrongKindError, match="kind = 'attention'"):
        registry.build_part("fusion", registry.find("attention", "channel"), channels=8, prior_channels=3)


def test_a_constructor_that_fails_is_told_as_an_option() -> None:
    class Divides(nn.Module):
        kind = "attention"

        def __init__(self, channels: int, parts: int = 1) -> None:
            super().__init__()
            self.width = channels // parts

    priorsr.register("attention", "divides")(Divides)
    with pytest.raises(OptionError, match="attention 'divides' cannot be built with channels=8, parts=0: ZeroDiv"):
        priorsr.create("attention", "divides", channels=8, parts=0)


def test_a_component_without_options_of_its_own_is_built() -> None:
    class Judge(nn.Module):
        kind = "score"
        higher_is_better = True

    priorsr.register("score", "mine")(Judge)
    assert isinstance(priorsr.create("score", "mine"), Judge)
    with pytest.raises(OptionError, match="no option 'weight'"):
        priorsr.create("score", "mine", weight=1)


def test_a_config_that_is_no_dataclass_is_the_wrong_kind() -> None:
    class Net(nn.Module):
        kind = "model"
        Config = dict

    with pytest.raises(WrongKindError, match="a Config that is no dataclass"):
        priorsr.register("model", "mine")(Net)
