"""Check values of JSON and TOML against bounds, so that they can be traversed, compared, hashed and written again."""

from __future__ import annotations

import math
from typing import Any

from priorsr.errors import DataError

DEPTH = 64
LARGEST = 2**63


def check_plain(content: Any, where: object) -> None:
    """Raise DataError naming the file `where` and the field for values that are not allowed.

    These are nesting deeper than 64, NaN, infinity, integers beyond 64 bits, and text that is not Unicode. No file of
    priorsr needs them, and much code fails on them.
    """
    todo: list[tuple[tuple[Any, ...], Any]] = [((), [content])]
    while todo:
        place, container = todo.pop()
        if len(place) > DEPTH:
            raise DataError(f"{where}: {_named(place[:4])}... is nested more than {DEPTH} deep")
        for key, value in container.items() if isinstance(container, dict) else enumerate(container):
            if isinstance(value, dict | list):
                todo.append(((*place, key), value))
            if problem := _problem(key) or _problem(value):
                raise DataError(f"{where}: {_named((*place, key))} {problem}")


def _problem(value: Any) -> str:
    """Return the mistake in a value, as the end of a sentence, or an empty text."""
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return f"holds {value!r:.80}, which is no Unicode text"
    elif isinstance(value, float) and not math.isfinite(value):
        return f"is {value}; a finite number was expected"
    elif isinstance(value, int) and not -LARGEST <= value < LARGEST:
        return "is a whole number beyond 64 bits"
    return ""


def _named(place: tuple[Any, ...]) -> str:
    """Return the dotted name of a field's path, whose first part stands for the content itself."""
    return f"{'.'.join(map(str, place[1:])):.120}" or "the content"
