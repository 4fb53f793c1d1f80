"""Override single values of a recipe's config by dotted path or by name, as --set K=V does."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from priorsr.config import field_names, validate
from priorsr.errors import OptionError, UnknownNameError, did_you_mean
from priorsr.reading.json_files import decode


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Parse ["student.width=32", "fusion=concat"] into names and values.

    A value that is valid JSON is parsed; any other is a string.
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
    """Return a config with single values replaced, and all types checked.

    A name is the dotted path of a field (student.fusion). A name without a dot that is not a field of the config itself
    stands for the field of that name in each nested config (fusion: student.fusion and teacher.fusion). A path may end
    in a mapping's key (options.attention), which need not exist yet. Raises UnknownNameError with the closest paths,
    and OptionError for a value of the wrong type.
    """
    fields = dict(_fields(config))
    changes: dict[str, Any] = {}
    for name, value in overrides.items():
        for path in _meant(name, fields, who):
            if changes.setdefault(path, value) is not value:
                raise OptionError(f"{who}: the overrides give {path!r} twice")
    return _rebuild(config, changes, who)


def _fields(config: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield all fields by their dotted paths, including those of nested configs."""
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
        raise UnknownNameError(f"{who} has no option {name!r}; {did_you_mean(name, known)}")
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
            raise OptionError(
                f"{who}: the overrides both replace {name!r} and set {next(iter(theirs))!r} in it; one was expected"
            )
    return validate(type(config), fields, who)


def _set_in(mapping: Mapping[str, Any], changes: Mapping[str, Any], who: str) -> dict[str, Any]:
    """Return a mapping with values replaced or added by dotted path."""
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
    """Return the changes of whole values, and the changes inside values, by the first name of their path."""
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
