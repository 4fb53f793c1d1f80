"""Load the templates of pages, and their static files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from priorsr.text import printable

if TYPE_CHECKING:
    from jinja2 import Environment

STATIC = Path(__file__).parent / "static"
_HERE = Path(__file__).parent / "templates"
_DECLARED = ("data", "networks", "prior")  # of a card; records hold them as facts of their own


def templates(*folders: Path) -> Environment:
    """Return the templates that all pages share, and those of further folders.

    Text is escaped and made printable; a missing name raises an error.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader([*folders, _HERE]),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(value: Any) -> Any:
    """Make text printable; escaped text stays marked as escaped."""
    return type(value)(printable(value, keep="\n\t")) if isinstance(value, str) else value


def card_in_words(card: Mapping[str, JsonValue]) -> dict[str, str]:
    """Return a card's entries as headings and text, without empty ones and those that records hold as facts."""
    words = {name: in_words(value) for name, value in card.items() if name not in _DECLARED}
    return {name.replace("_", " ").capitalize(): text for name, text in words.items() if text}


def in_words(value: JsonValue) -> str:
    """Return a JSON value as a line of text."""
    if isinstance(value, dict):
        return "; ".join(f"{name}: {in_words(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(in_words, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)
