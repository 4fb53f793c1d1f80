"""--set K=V: single values of a recipe's config, anywhere in it, by dotted path or by bare name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from priorsr.config import field_names, validate
from priorsr.errors import OptionError, UnknownNameError, did_you_mean
from priorsr.reading.json_files import decode


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Parse ["student.width=32", "fusion=concat"] into names and values.

    A value is JSON if it parses as such, else a string.
    """
    parsed: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not (name and equals):
            raise OptionError(f"--set {assignment!r}: NAME=VALUE was expected")
        if name in parsed:
            raise OptionError(f"--set gives {name!r} twice")
        try:
            parsed[name] = decode(value)
        except ValueError:
            parsed[name] = value
    return parsed


def override(config: Any, overrides: Mapping[str, Any], who: str) -> Any:
    """Return a config with single values replaced, its types checked anew.

    A name is the dotted path of a field (student.fusion); one without a dot that is no field of the config itself
    stands for that field in each config inside that has it (fusion: student.fusion and teacher.fusion). A path goes on
    into mappings (options.attention), whose keys need not be there yet. Raises UnknownNameError with the closest paths,
    and OptionError for a value that does not fit.
    """
    fields = dict(_fields(config))
    changes: dict[str, Any] = {}
    for name, value in overrides.items():
        for path in _meant(name, fields, who):
            if changes.setdefault(path, value) is not value:
                raise OptionError(f"{who}: the overrides give {path!r} twice")
    return _rebuild(config, changes, who)


def _fields(config: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Return all fields by their dotted paths, those of the configs inside included."""
    for name in field_names(type(config)):
        value = getattr(config, name)
        yield prefix + name, value
        if _is_config(value):
            yield from _fields(value, f"{prefix}{name}.")


def _meant(name: str, fields: Mapping[str, Any], who: str) -> list[str]:
    if name in fields:
        return [name]
    mappings = [path for path, value in fields.items() if isinstance(value, Mapping)]
    if any(name.startswith(f"{path}.") for path in mappings) and all(name.split(".")):
        return [name]
    found = [path for path in fields if path.rpartition(".")[2] == name]
    if not found:
        known = {*fields, *(path.rpartition(".")[2] for path in fields)}
        raise UnknownNameError(f"{who} has nothing called {name!r} to set; {did_you_mean(name, known)}")
    return found


def _rebuild(config: Any, changes: Mapping[str, Any], who: str) -> Any:
    fields = {name: getattr(config, name) for name in field_names(type(config))}
    whole, inside = _by_first_name(changes)
    fields.update(whole)
    for name, theirs in inside.items():
        if isinstance(getattr(config, name), Mapping) and isinstance(fields[name], Mapping):
            fields[name] = _set_in(fields[name], theirs, f"{who}, {name}")
        elif _is_config(fields[name]):
            fields[name] = _rebuild(fields[name], theirs, f"{who}, {name}")
        else:
            raise OptionError(f"{who}: the overrides replace {name!r}, and set {next(iter(theirs))!r} in it")
    return validate(type(config), fields, who)


def _set_in(mapping: Mapping[str, Any], changes: Mapping[str, Any], who: str) -> dict[str, Any]:
    """Return a mapping with single values replaced or added, by dotted path."""
    whole, inside = _by_first_name(changes)
    result = {**mapping, **whole}
    for name, theirs in inside.items():
        there = result.get(name, {})
        if not isinstance(there, Mapping):
            raise OptionError(
                f"{who}: {name} is {there!r}; a mapping was expected, to set {next(iter(theirs))!r} in it"
            )
        result[name] = _set_in(there, theirs, f"{who}, {name}")
    return result


def _by_first_name(changes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the changes of values themselves, and, by name, those inside of them."""
    whole: dict[str, Any] = {}
    inside: dict[str, dict[str, Any]] = {}
    for path, value in changes.items():
        first, _, rest = path.partition(".")
        if rest:
            inside.setdefault(first, {})[rest] = value
        else:
            whole[first] = value
    return whole, inside


def _is_config(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)
