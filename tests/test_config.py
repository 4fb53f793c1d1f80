"""Configs from options and from JSON: names and types are checked on every level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import pytest

from priorsr.config import build_config, validate
from priorsr.errors import OptionError, UnknownNameError
from priorsr.registry import Part, PartSpec


@dataclass(frozen=True)
class Inner:
    width: int = 4
    part: PartSpec = "channel"


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    place: Literal["input", "encoder"] = "input"
    depth: int | tuple[int, ...] = 1
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {"depth": 2}, "nano": {"depth": 3}}


def test_presets_and_overrides() -> None:
    assert build_config(Outer, None, {}, "it").depth == 2
    assert build_config(Outer, "nano", {"place": "encoder"}, "it") == Outer(depth=3, place="encoder")
    with pytest.raises(UnknownNameError, match="it has no preset 'nan'; did you mean 'nano'"):
        build_config(Outer, "nan", {}, "it")


def test_json_becomes_dataclasses_parts_and_tuples() -> None:
    given = {"inner": {"width": 8, "part": {"name": "channel", "options": {"reduction": 2}}}, "depth": [1, 2]}
    assert validate(Outer, given, "it") == Outer(Inner(8, Part("channel", reduction=2)), depth=(1, 2))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"inner": {"widht": 8}}, "it: inner has no option 'widht'; did you mean 'width'"),
        ({"inner": {"part": {"name": "channel", "reduction": 2}}}, "it: inner: part has no option 'reduction'"),
        ({"place": "inptu"}, "place is 'inptu': input should be 'input' or 'encoder'"),
        ({"depth": "deep"}, "depth is 'deep': "),
        ({"inner": {"part": Inner()}}, "it: inner is an instance of Inner: "),
        ({"inner": 4}, "it: inner is 4: an instance of Inner was expected, or its fields one by one: .width, .part"),
    ],
)
def test_what_does_not_fit_is_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as raised:
        validate(Outer, given, "it")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_types_that_cannot_be_resolved_are_told() -> None:
    @dataclass(frozen=True)
    class Broken:
        x: NoSuchType = 1  # noqa: F821  # the point

    with pytest.raises(OptionError, match="the types of .*Broken cannot be resolved"):
        validate(Broken, {"x": 1}, "it")
