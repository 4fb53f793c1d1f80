"""Messages for the mistakes that pydantic finds, as ends of sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


def first_mistake(error: ValidationError, whole: str, skip: int = 0) -> str:
    """Return the first mistake that pydantic finds in a file's content, as "FIELD is VALUE: EXPECTED".

    whole: name of the content, for mistakes of no single field. skip: leading parts of a field's path that are not in
    the file, such as the tag of a union.
    """
    first = error.errors(include_url=False)[0]
    where = f"{'.'.join(map(str, first['loc'][skip:])):.120}" or whole
    value = "" if isinstance(first["input"], Mapping) else f" is {first['input']!r:.80}"  # a field's surroundings
    said = first["msg"].removeprefix("Value error, ")
    return f"{where}{value}: {said[:1].lower()}{said[1:]}"
