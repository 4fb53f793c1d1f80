"""Configs: frozen dataclasses with presets, built from options that are checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from priorsr.errors import OptionError, UnknownNameError, did_you_mean


def build_config(config: type, preset: str | None, options: Mapping[str, Any], who: str) -> Any:
    """A config from a preset and overrides of its fields, with the types of the fields checked.

    Without a preset, "paper" is taken if there is one, else the fields' own defaults. Raises UnknownNameError (preset)
    and OptionError (field or value), naming `who`, the value, and what was expected.
    """
    presets = presets_of(config)
    if preset is not None and preset not in presets:
        raise UnknownNameError(f"{who} has no preset {preset!r}; {did_you_mean(preset, presets)}")
    base = presets.get(preset or "paper", {})
    known = field_names(config)
    for option in options:
        if option not in known:
            raise OptionError(f"{who} has no option {option!r}; {did_you_mean(option, known)}")
    return validate(config, {**base, **options}, who)


def validate(config: type, fields: Mapping[str, Any], who: str) -> Any:
    """An instance of a dataclass with its fields' types checked; raises OptionError for the first that does not fit."""
    from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

    adapter: TypeAdapter[Any] = TypeAdapter(with_config(ConfigDict(arbitrary_types_allowed=True))(config))
    try:
        return adapter.validate_python(dict(fields))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "config"
        raise OptionError(f"{who}: {where} is {first['input']!r}: {first['msg'].lower()}") from error


def presets_of(config: type) -> Mapping[str, Mapping[str, Any]]:
    """A config's presets: name -> the fields that it sets."""
    return getattr(config, "presets", {})


def field_names(config: type) -> list[str]:
    """The names of a config's fields, in order."""
    return [field.name for field in dataclasses.fields(config)]
