from __future__ import annotations

import pytest
import toys  # noqa: F401  # registers recipes

from priorsr.bench.studies.variants import make_variants, parse_vary
from priorsr.errors import OptionError, UnknownNameError


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ("attention=channel,simam", ["channel", "simam"]),
        ("width=16,32", [16, 32]),
        ("distil=true,false,null", [True, False, None]),
        ("depth=2,[0,1,2],[3]", [2, [0, 1, 2], [3]]),
        ('part={"a":[1,2]},concat', [{"a": [1, 2]}, "concat"]),
        ('name="a,b",c', ["a,b", "c"]),
        ("rate=1e-3,2.5", [0.001, 2.5]),
        ("data=2024-01,3d,a=b", ["2024-01", "3d", "a=b"]),
    ],
)
def test_values_are_json_or_words_between_commas(given: str, values: list) -> None:
    assert parse_vary([given]) == {given.partition("=")[0]: values}


@pytest.mark.parametrize("given", ["attention", "=1", "a=", "a=1,", "a=,1", "a=[1,2", 'a={"b":1', 'a="b'])
def test_what_is_no_value_is_refused(given: str) -> None:
    with pytest.raises(OptionError, match="--vary"):
        parse_vary([given])


def test_a_key_is_given_once() -> None:
    with pytest.raises(OptionError, match="--vary gives 'a' twice"):
        parse_vary(["a=1", "a=2"])


def names(variants) -> list[str]:
    return [variant.name for variant in variants]


def test_one_factor_at_a_time() -> None:
    vary = {"student.width": [4, 8], "ema": [None, 0.5]}
    variants = make_variants("toy-distilled", None, {"learning_rate": 0.1}, vary, full=False)
    assert names(variants) == ["base", "student.width=8", "ema=null", "ema=0.5"]
    assert variants.base_values == {"student.width": 4}
    widths = [variant.plan.config.student.width for variant in variants]
    assert widths == [4, 8, 4, 4]
    assert all(variant.plan.config.learning_rate == 0.1 for variant in variants)
    assert variants.others[0].overrides == {"learning_rate": 0.1, "student.width": 8}


def test_every_combination() -> None:
    vary = {"student.width": [4, 8], "ema": [None, 0.9]}
    variants = make_variants("toy-distilled", None, {}, vary, full=True)
    assert names(variants) == ["base", "ema=null", "student.width=8, ema=null", "student.width=8"]
    assert variants.others[0].changes == {"student.width": 4, "ema": None}
    assert variants.base_values == {"student.width": 4, "ema": 0.9}


def test_the_base_is_compared_with_also_where_no_value_is_its_own() -> None:
    variants = make_variants("toy-distilled", None, {}, {"student.width": [5], "ema": [0.1, 0.2]}, full=True)
    assert names(variants) == ["base", "student.width=5, ema=0.1", "student.width=5, ema=0.2"]
    assert variants.base_values == {}


def test_variants_that_are_the_same_are_one() -> None:
    variants = make_variants("toy-distilled", None, {}, {"student.width": [8, 8.0], "width": [8]}, full=False)
    assert names(variants) == ["base", "student.width=8", "width=8"]


def test_a_value_that_replaces_one_of_the_bases() -> None:
    variants = make_variants("toy-distilled", "slow", {"student.width": 6}, {"student.width": [4, 6]}, full=False)
    assert names(variants) == ["base", "student.width=4"]
    assert variants.base_values == {"student.width": 6}


def test_options_of_a_model_are_reached_and_its_defaults_are_the_bases_own() -> None:
    base = {"options": {"width": 8}, "options.depth": 1}
    vary = {"options.attention": ["channel", "spatial"], "options.width": [8, 16], "preset": [None]}
    variants = make_variants("supervised", None, base, vary, full=False)
    assert names(variants) == ["base", "options.attention=spatial", "options.width=16"]
    assert variants.base_values == {"options.attention": "channel", "options.width": 8, "preset": None}
    assert variants.others[1].plan.config.options == {"width": 16, "depth": 1}
    spelt = {"options.fusion": ["concat", {"name": "concat", "options": {}}]}
    assert names(make_variants("supervised", None, base, spelt, full=False)) == ["base", "options.fusion=concat"]


def test_mistakes() -> None:
    with pytest.raises(OptionError, match=r"nothing is varied: student.width=4 was given, which is the base itself"):
        make_variants("toy-distilled", None, {}, {"student.width": [4]}, full=False)
    for values in ("wide", 4):
        with pytest.raises(OptionError, match=rf"vary\['student.width'\] is {values!r}; a list of values was expected"):
            make_variants("toy-distilled", None, {}, {"student.width": values}, full=False)
    with pytest.raises(OptionError, match="nothing is varied: no value was given"):
        make_variants("toy-distilled", None, {}, {}, full=False)
    with pytest.raises(UnknownNameError, match="did you mean 'student.width'"):
        make_variants("toy-distilled", None, {}, {"student.widht": [4]}, full=False)
    with pytest.raises(OptionError, match="width is 'wide'"):
        make_variants("toy-distilled", None, {}, {"student.width": ["wide"]}, full=False)
