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
    stands for that field in each config inside that has it (fusion: student.fusion and teacher.fusion). Raises
    UnknownNameError with the closest paths, and OptionError for a value that does not fit.
    """
    paths = list(_paths(config))
    changes: dict[str, Any] = {}
    for name, value in overrides.items():
        for path in _meant(name, paths, who):
            if changes.setdefault(path, value) is not value:
                raise OptionError(f"{who}: the overrides give {path!r} twice")
    return _rebuild(config, changes, who)


def _paths(config: Any, prefix: str = "") -> Iterator[str]:
    """Return the dotted paths of all fields, those of the configs inside included."""
    for name in field_names(type(config)):
        yield prefix + name
        value = getattr(config, name)
        if _is_config(value):
            yield from _paths(value, f"{prefix}{name}.")


def _meant(name: str, paths: list[str], who: str) -> list[str]:
    if name in paths:
        return [name]
    found = [path for path in paths if path.rpartition(".")[2] == name]
    if not found:
        known = {*paths, *(path.rpartition(".")[2] for path in paths)}
        raise UnknownNameError(f"{who} has nothing called {name!r} to set; {did_you_mean(name, known)}")
    return found


def _rebuild(config: Any, changes: Mapping[str, Any], who: str) -> Any:
    fields = {name: getattr(config, name) for name in field_names(type(config))}
    inside: dict[str, dict[str, Any]] = {}
    for path, value in changes.items():
        first, _, rest = path.partition(".")
        if rest:
            inside.setdefault(first, {})[rest] = value
        else:
            fields[first] = value
    for name, theirs in inside.items():
        if not _is_config(fields[name]):
            raise OptionError(f"{who}: the overrides replace {name!r}, and set {next(iter(theirs))!r} in it")
        fields[name] = _rebuild(fields[name], theirs, f"{who}, {name}")
    return validate(type(config), fields, who)


def _is_config(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)
