"""Infinity as a value, such as the PSNR of equal images: "inf" in JSON, which has no number for it, and ∞ in text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

INFINITIES = {"inf": math.inf, "-inf": -math.inf}


def json_value(value: Any) -> Any:
    """Replace infinite numbers in a value of mappings and sequences by "inf" and "-inf", as our JSON files hold them.

    Tuples become lists. NaN stays as it is, for the writer of the JSON to refuse.
    """
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    if isinstance(value, Mapping):
        return {key: json_value(item) for key, item in value.items()}
    return [json_value(item) for item in value] if isinstance(value, list | tuple) else value


def fixed(value: float, digits: int, *, sign: bool = False) -> str:
    """Return a number as text with that many decimals, a plus sign before a positive one if so asked, or ∞."""
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:{'+' if sign else ''}.{digits}f}"
