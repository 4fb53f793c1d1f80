"""Read strict JSON: no NaN, no duplicate keys, bounded size, depth and numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from priorsr.errors import DataError
from priorsr.reading.content import read_content
from priorsr.reading.mistakes import first_mistake
from priorsr.reading.plain_values import check_plain

if TYPE_CHECKING:
    from pydantic import BaseModel

MOST_BYTES = 256 * 2**20

Facts = TypeVar("Facts", bound="BaseModel")


def read_json(path: Path) -> Any:
    """Read a JSON file; raises DataError naming the file, and the field, if it is missing or broken."""
    return parse_json(read_content(path, "a JSON file", MOST_BYTES), path)


def read_facts(path: Path, facts: type[Facts], whole: str) -> Facts:
    """Read a JSON file that a pydantic model describes; raises DataError as `parse_facts` does."""
    return parse_facts(read_content(path, "a JSON file", MOST_BYTES), path, facts, whole)


def parse_facts(content: str | bytes, where: object, facts: type[Facts], whole: str) -> Facts:
    """Return the content of the JSON file `where` as a pydantic model.

    whole: name of the content in messages. Raises DataError naming the file, the field, its value and what was
    expected.
    """
    from pydantic import ValidationError

    text = _text(content, where)
    parse_json(text, where)
    try:
        return facts.model_validate_json(text)
    except ValidationError as error:
        raise DataError(f"{where}: {first_mistake(error, whole)}") from error


def parse_json(content: str | bytes, where: object) -> Any:
    """Return the content of the JSON file `where`; raises DataError naming the file, and the field, for bad content."""
    try:
        value = decode(_text(content, where))
    except ValueError as error:
        raise DataError(f"{where}: cannot be read as JSON ({error})") from error
    check_plain(value, where)
    return value


def decode(text: str) -> Any:
    """Return the value of a JSON text; raises ValueError for one that is broken."""
    try:
        return _DECODER.decode(text)
    except (RecursionError, MemoryError):
        raise ValueError("it is nested too deep") from None


def decode_first(text: str) -> tuple[Any, int]:
    """Return the JSON value at the beginning of a text, and its end; raises ValueError as `decode` does."""
    try:
        return _DECODER.raw_decode(text)
    except (RecursionError, MemoryError):
        raise ValueError("it is nested too deep") from None


def _text(content: str | bytes, where: object) -> str:
    try:
        return content if isinstance(content, str) else content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: cannot be read as JSON ({error})") from error


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r:.80} is there twice")
        found[key] = value
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON's")


_DECODER = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_without_repeats)
