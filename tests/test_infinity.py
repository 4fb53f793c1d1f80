from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from priorsr.fields import Value
from priorsr.files import atomic_json
from priorsr.infinity import fixed, json_value
from priorsr.reading.json_files import read_json


class Scored(BaseModel):
    model_config = ConfigDict(strict=True)

    value: Value


def test_infinity_is_a_word_in_json_wherever_it_stands(tmp_path: Path) -> None:
    value = {"psnr": math.inf, "all": [1.5, -math.inf, (math.inf, 2)], "name": "inf", "none": None, "yes": True}
    written = {"psnr": "inf", "all": [1.5, "-inf", ["inf", 2]], "name": "inf", "none": None, "yes": True}
    assert json_value(value) == written
    atomic_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == written

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    json.loads((tmp_path / "a.json").read_text(), parse_constant=refuse)  # a strict parser takes it


def test_nan_is_no_value(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nan"):
        atomic_json(tmp_path / "a.json", math.nan)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [math.inf, -math.inf, 24.5, 3])
def test_a_field_gives_back_what_it_was_given(value: float) -> None:
    assert Scored.model_validate_json(Scored(value=value).model_dump_json()).value == value


@pytest.mark.parametrize("value", [math.nan, "nan", "Infinity", "24.5", None, True])
def test_a_field_takes_nothing_else(value: Any) -> None:
    with pytest.raises(ValidationError):
        Scored(value=value)


def test_text() -> None:
    assert [fixed(value, 2) for value in (math.inf, -math.inf, 24.457)] == ["∞", "-∞", "24.46"]
    assert [fixed(value, 1, sign=True) for value in (0.25, -0.25)] == ["+0.2", "-0.2"]
