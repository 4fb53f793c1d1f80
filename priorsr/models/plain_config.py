"""Convert configs to JSON values, as stored with weights, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from math import isfinite
from typing import Any

from priorsr.errors import OptionError
from priorsr.registry import Part, offer_of

_PART, _OPTIONS = "part", "options"


def as_plain(value: Any) -> Any:
    """Convert a config to JSON values, which `revive` reverts; a part given as a class becomes its registered name."""
    if isinstance(value, Part):
        return {_PART: value.name, _OPTIONS: as_plain(value.options)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, type):
        return offer_of(getattr(value, "kind", "no kind"), value).reference
    if isinstance(value, list | tuple):
        return [as_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): as_plain(item) for key, item in value.items()}
    if value is None or isinstance(value, str | int | bool) or (isinstance(value, float) and isfinite(value)):
        return value
    raise OptionError(f"a config or card holds {value!r}, which cannot be saved: JSON values and parts can")


def revive(value: Any) -> Any:
    """Convert the values of `as_plain` back: parts are restored, and lists become tuples, since configs are immutable.

    Raises OptionError for a part whose name is no text, or whose options are no mapping.
    """
    if isinstance(value, dict):
        revived = {key: revive(item) for key, item in value.items()}
        if revived.keys() != {_PART, _OPTIONS}:
            return revived
        name, options = revived[_PART], revived[_OPTIONS]
        if not isinstance(name, str) or not isinstance(options, dict):
            raise OptionError(f"a part is {name!r:.40} with {options!r:.40}; a name and options were expected")
        return Part(name, **options)
    return tuple(revive(item) for item in value) if isinstance(value, list) else value
