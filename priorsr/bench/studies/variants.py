"""Make the variants of a recipe for an ablation: one change at a time, or every combination."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from priorsr.errors import OptionError
from priorsr.reading.json_files import decode_first
from priorsr.text import key_and_value
from priorsr.training.blueprint import Blueprint, blueprint

BASE = "base"


@dataclass(frozen=True)
class Variant:
    """A recipe with changes to its base; `overrides` are the base's and the changes. The base has no changes."""

    name: str
    changes: Mapping[str, Any]
    overrides: Mapping[str, Any]
    plan: Blueprint


@dataclass(frozen=True)
class Variants:
    """The base and the other variants. base_values: the requested values that the base has already, by key."""

    base: Variant
    others: tuple[Variant, ...]
    base_values: Mapping[str, Any]

    def __iter__(self) -> Iterator[Variant]:
        return iter((self.base, *self.others))


def parse_vary(assignments: Iterable[str]) -> dict[str, list[Any]]:
    """Parse ["attention=channel,simam", "depth=1,[1,2,1]"] into keys and values.

    A value is JSON if it parses as JSON, otherwise a word.

    Raises OptionError for a key that is given twice, and for an empty value.
    """
    parsed: dict[str, list[Any]] = {}
    for assignment in assignments:
        key, equals, values = assignment.partition("=")
        if not (key and equals):
            raise OptionError(f"--vary {assignment!r}: KEY=VALUE,VALUE,... was expected")
        if key in parsed:
            raise OptionError(f"--vary gives {key!r} twice; all its values after one were expected")
        parsed[key] = list(_values(values, f"--vary {assignment!r}"))
    return parsed


def make_variants(
    recipe: str, preset: str | None, overrides: Mapping[str, Any], vary: Mapping[str, Sequence[Any]], *, full: bool
) -> Variants:
    """Return the variants of a recipe: each value of each key by itself, or, if `full`, every combination of values.

    Variants with equal configs are one variant; a name lists the differences to the base. Raises OptionError if nothing
    is varied, and for a wrong key or value.
    """
    for key, values in vary.items():
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise OptionError(f"vary[{key!r}] is {values!r}; a list of values was expected")
    base = Variant(BASE, {}, dict(overrides), blueprint(recipe, preset, overrides))
    own = base.plan.resolved_config()
    base_values: dict[str, Any] = {}

    def variant(changes: Mapping[str, Any]) -> Variant:
        changed = {**overrides, **changes}
        named_changes = {key: value for key, value in changes.items() if (key, value) not in base_values.items()}
        return Variant(named(named_changes), changes, changed, blueprint(recipe, preset, changed))

    found = [variant({key: value}) for key, values in vary.items() for value in values]
    for single in found:
        if single.plan.resolved_config() == own:
            base_values.update(single.changes)
    if full:
        found = [variant(dict(zip(vary, values, strict=True))) for values in product(*vary.values())]
    others: list[Variant] = []
    seen = [own]
    for one in found:
        if (resolved := one.plan.resolved_config()) not in seen:
            others.append(one)
            seen.append(resolved)
    if not others:
        raise OptionError(f"nothing is varied: {named(base_values) or 'no value'} was given, which is the base itself")
    return Variants(base, tuple(others), base_values)


def _values(text: str, who: str) -> Iterator[Any]:
    """Return the values between commas, ignoring commas inside JSON's brackets and quotes."""
    rest = text
    while True:
        try:
            value, end = decode_first(rest)
        except ValueError:
            value, end = None, -1
        if rest[end : end + 1] not in ("", ",") or end < 0:  # no JSON: a word
            value = rest.partition(",")[0]
            end = len(value)
            if not value or value[0] in '[{"':
                raise OptionError(f"{who}: {rest!r} begins with no value; JSON or a word was expected")
        yield value
        if end == len(rest):
            return
        rest = rest[end + 1 :]


def named(changes: Mapping[str, Any]) -> str:
    """Return keys and values as text: "attention=simam, depth=[1, 2, 1]"."""
    return ", ".join(key_and_value(key, value) for key, value in changes.items())
