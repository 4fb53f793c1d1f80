"""Configs: frozen dataclasses with presets, built from options that are checked."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

from priorsr.bounds import check_number
from priorsr.errors import OptionError, PriorsrError, UnknownNameError, did_you_mean, raised


def build_config(config: type, preset: str | None, options: Mapping[str, Any], who: str) -> Any:
    """Build a config from a preset and overrides of its fields, with the types of the fields checked.

    Without a preset, "paper" is used if it exists, otherwise the fields' own defaults. Raises UnknownNameError (preset)
    and OptionError (field or value), naming `who`, the value, and what was expected.
    """
    presets = presets_of(config)
    if preset is not None and preset not in presets:
        raise UnknownNameError(f"{who} has no preset {preset!r}; {did_you_mean(preset, presets)}")
    return validate(config, {**presets.get(preset or "paper", {}), **options}, who)


def validate(config: type, fields: Mapping[str, Any], who: str) -> Any:
    """Build an instance of a dataclass, its fields' names and types checked, also of dataclasses inside.

    Raises OptionError for the first wrong field.
    """
    from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
    from pydantic.errors import PydanticUserError

    try:
        _check_names(config, fields, who)
        # No infinity and no NaN, since JSON, in which runs and weights keep configs, has none.
        checks = ConfigDict(arbitrary_types_allowed=True, allow_inf_nan=False)
        adapter: TypeAdapter[Any] = TypeAdapter(with_config(checks)(config))
        return adapter.validate_python(dict(fields))
    except ValidationError as error:
        raise OptionError(f"{who}: {_told(config, error.errors())}") from error
    except (PydanticUserError, NameError) as error:
        raise OptionError(f"{who}: the types of {config.__qualname__} cannot be resolved: {error}") from error
    except PriorsrError:
        raise
    except Exception as error:  # what a config's constructor computes may fail in any way
        raise OptionError(f"{who}: {raised(error)}") from error


def presets_of(config: type) -> Mapping[str, Mapping[str, Any]]:
    """Return a config's presets: name -> the fields that it sets."""
    return getattr(config, "presets", {})


def check_not_negative(config: Any, *names: str) -> None:
    """Raise OptionError unless each of these fields of a config is a finite number from 0."""
    for name in names:
        value = getattr(config, name)
        if not (math.isfinite(value) and value >= 0):
            raise OptionError(f"{name} is {value}; a finite number from 0 was expected")


def check_whole(config: Any, least: int, most: int, *names: str) -> None:
    """Raise OptionError unless each of these fields of a config, where it is not None, lies between two numbers."""
    for name in names:
        value = getattr(config, name)
        if value is not None:
            check_number(name, value, least, most)


def field_names(config: type) -> list[str]:
    """Return the names of a config's fields, in order."""
    return [field.name for field in dataclasses.fields(config)]


def _check_names(config: type, fields: Mapping[str, Any], who: str) -> None:
    """Refuse names that are no fields, on every level: pydantic passes over them in plain dataclasses."""
    known = field_names(config)
    for name in fields:
        if name not in known:
            raise OptionError(f"{who} has no option {name!r}; {did_you_mean(str(name), known)}")
    hints = get_type_hints(config)
    for name, value in fields.items():
        if isinstance(value, Mapping):
            for inner in _dataclasses_in(hints[name]):
                _check_names(inner, value, f"{who}: {name}")


def _dataclasses_in(hint: Any) -> Iterator[type]:
    """Return the dataclasses that a type is, or is a union of."""
    for part in get_args(hint) or (hint,):
        if isinstance(part, type) and dataclasses.is_dataclass(part):
            yield part


def _told(config: type, errors: list[Any]) -> str:
    """Return the first wrong field's value and the expected types: for a union, each of its members."""
    where = errors[0]["loc"][:1]
    messages = (error["msg"] for error in errors if error["loc"][:1] == where)
    expected = list(dict.fromkeys(message[:1].lower() + message[1:] for message in messages))
    if len(expected) == 1 and errors[0]["type"] == "dataclass_type" and errors[0]["loc"] == where:
        (inner,) = _dataclasses_in(get_type_hints(config)[where[0]])
        expected = [f"an instance of {inner.__name__} was expected, or its fields one by one: {_spelt_out(inner)}"]
    value = errors[0]["input"]
    plain = isinstance(value, str | int | float | list | tuple | Mapping | type(None))
    shown = f"{value!r:.80}" if plain else f"an instance of {type(value).__name__}"
    return f"{'.'.join(map(str, where)) or 'config'} is {shown}: {', or '.join(expected)}"


def _spelt_out(config: type) -> str:
    """Return a dataclass's fields and their choices as text: .value, .unit (steps | epochs | fraction)."""
    hints = get_type_hints(config)
    choices = {name: get_args(hints[name]) for name in field_names(config) if get_origin(hints[name]) is Literal}
    told = {name: f" ({' | '.join(map(str, values))})" for name, values in choices.items()}
    return ", ".join(f".{name}{told.get(name, '')}" for name in field_names(config))
