from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from priorsr.errors import OptionError, UnknownNameError
from priorsr.training import Duration, Schedule, cosine, epochs, fraction
from priorsr.training.overrides import override, parse_assignments


@dataclass(frozen=True)
class Net:
    width: int = 64
    fusion: str = "concat"
    depths: tuple[int, ...] = (2, 2)

    def __post_init__(self) -> None:
        if self.width < 1:
            raise OptionError(f"width is {self.width}; 1 or more was expected")


@dataclass(frozen=True)
class Recipe:
    student: Net = field(default_factory=Net)
    teacher: Net = field(default_factory=lambda: Net(width=32))
    lr: float = 1e-4
    ema: float | None = None
    length: Duration = field(default_factory=lambda: epochs(4))
    schedule: Schedule = field(default_factory=lambda: cosine(warmup=fraction(0.1)))


def test_values_are_json_or_else_strings() -> None:
    given = ["a=1", "b=concat", "c=null", "d=[1, 2]", 'e="1"', "f=a=b", "g="]
    assert parse_assignments(given) == {"a": 1, "b": "concat", "c": None, "d": [1, 2], "e": "1", "f": "a=b", "g": ""}
    assert parse_assignments(["h=NaN", 'i={"j": -Infinity}']) == {"h": "NaN", "i": '{"j": -Infinity}'}


@pytest.mark.parametrize("wrong", [["width"], ["=3"], ["a=1", "a=2"]])
def test_malformed_assignments_are_refused(wrong: list[str]) -> None:
    with pytest.raises(OptionError, match="--set"):
        parse_assignments(wrong)


def test_a_path_sets_one_field_and_leaves_the_rest() -> None:
    before = Recipe()
    after = override(before, {"student.width": 16, "student.depths": [1, 3], "lr": 1}, "recipe 'x'")
    assert after.student == Net(16, "concat", (1, 3))
    assert after.teacher is before.teacher
    assert after.lr == 1.0
    assert before == Recipe()


def test_a_bare_name_sets_every_config_inside_that_has_it() -> None:
    after = override(Recipe(), {"fusion": "spatial_affine"}, "recipe 'x'")
    assert (after.student.fusion, after.teacher.fusion) == ("spatial_affine", "spatial_affine")


def test_a_bare_name_of_the_config_itself_stays_there() -> None:
    @dataclass(frozen=True)
    class Outer:
        net: Net = field(default_factory=Net)
        width: int = 1

    after = override(Outer(), {"width": 5}, "recipe 'x'")
    assert (after.width, after.net.width) == (5, 64)


def test_durations_and_schedules_can_be_reached_into() -> None:
    after = override(Recipe(), {"length.value": 9, "schedule.final": 0.5}, "recipe 'x'")
    assert after.length == epochs(9)
    assert after.schedule == cosine(warmup=fraction(0.1), final=0.5)


def test_a_path_goes_on_into_mappings() -> None:
    @dataclass(frozen=True)
    class Outer:
        net: Net = field(default_factory=Net)
        options: Mapping[str, Any] = field(default_factory=lambda: {"width": 4, "part": "concat"})

    assert override(Outer(), {"options.width": 8}, "recipe 'x'").options == {"width": 8, "part": "concat"}
    after = override(Outer(), {"options.a.b": 1, "options": {"width": 2}, "options.a.c": 2}, "recipe 'x'")
    assert after.options == {"width": 2, "a": {"b": 1, "c": 2}}
    with pytest.raises(
        OptionError, match="recipe 'x', options: part is 'concat'; a mapping was expected, to set 'x' in"
    ):
        override(Outer(), {"options.part.x": 1}, "recipe 'x'")
    for name in ("options.", "options..width", "optoins.width"):
        with pytest.raises(UnknownNameError, match=f"has no option '{name}'; did you mean .*'options'"):
            override(Outer(), {name: 1}, "recipe 'x'")


@pytest.mark.parametrize("name", ["studnt.width", "student.widht", "student.width.x", "widht"])
def test_an_unknown_name_is_told_the_closest_paths(name: str) -> None:
    with pytest.raises(UnknownNameError, match=r"has no option .* did you mean .*'(student\.)?width'"):
        override(Recipe(), {name: 1}, "recipe 'x'")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"student.width": "wide"}, "recipe 'x', student: width is 'wide'"),
        ({"student.width": 0}, "width is 0"),
        ({"lr": None}, "lr is None"),
        ({"lr": "NaN"}, "lr is 'NaN': input should be a finite number"),
        ({"schedule.final": math.inf}, "recipe 'x', schedule: final is inf: input should be a finite number"),
        ({"width": 1, "student.width": 2}, r"'student\.width' twice"),
        ({"student": 3}, r"student is 3: an instance of Net .* one by one: \.width, \.fusion, \.depths"),
        ({"length": 0.5}, r"length is 0\.5: an instance of Duration .*: \.value, \.unit \(steps \| .* \| fraction\)"),
        ({"student": {"width": 3}, "student.width": 4}, "both replace 'student' and set 'width' in it"),
    ],
)
def test_values_that_do_not_fit_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        override(Recipe(), change, "recipe 'x'")
