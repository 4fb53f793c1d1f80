"""Bounds of the numbers that users give, so that none overflows or is written where it cannot be read again."""

from __future__ import annotations

from numbers import Real
from typing import Any

from priorsr.errors import OptionError

MOST = 10**9
MOST_SIDE = 4096  # pixels of a face
SEEDS = 2**63  # what a 64-bit number holds


def check_number(name: str, value: object, least: float, most: float = MOST) -> None:
    """Raise OptionError naming a number, its value and its bounds unless it lies between them; NaN never does."""
    number: Any = value
    if not isinstance(value, Real) or not least <= number <= most:
        shown = value if isinstance(value, Real) else f"{value!r:.80}"
        raise OptionError(f"{name} is {shown}; a number from {least} to {most} was expected")
