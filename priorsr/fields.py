"""Types of fields, for the pydantic models of our files."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from priorsr.infinity import INFINITIES, json_value

Count = Annotated[int, Field(strict=True, ge=1, le=2**31)]
Flag = Annotated[bool, Field(strict=True)]


def _from_json(value: object) -> object:
    return INFINITIES.get(value, value) if isinstance(value, str) else value


def _refuse_nan(value: float) -> float:
    if math.isnan(value):
        raise ValueError("a number or infinity was expected")
    return value


Value = Annotated[
    float,
    BeforeValidator(_from_json),
    AfterValidator(_refuse_nan),
    PlainSerializer(json_value),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"enum": list(INFINITIES)}]}),
]
"""Any number but NaN; infinity is the string "inf" in JSON."""
