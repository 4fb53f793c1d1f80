"""Descriptions of components: their origin, their docstring and their options."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from priorsr.config import presets_of
from priorsr.kinds import get_kind
from priorsr.options import option_names
from priorsr.registry import Part, component_of, locate

UNTYPED = "untyped"


@dataclass(frozen=True)
class Option:
    """An option of a component: its type as written, or "untyped", and its default, or None and required.

    name: of a dataclass inside a config, dotted: `generator.widths`.
    """

    name: str
    type: str
    default: str | None
    required: bool


@dataclass(frozen=True)
class Description:
    """A component, described for people and programs. options_doc: the docstring of its config."""

    kind: str
    name: str
    distribution: str
    version: str
    target: str
    doc: str
    options: tuple[Option, ...]
    options_doc: str
    presets: tuple[str, ...]


def describe(kind: str, name: str) -> Description:
    """Describe the component `name` of a kind; imports its module. Raises as `priorsr.create` does."""
    offer = locate(kind, name)
    component = component_of(offer)
    config: Any = component.Config if get_kind(kind).configured else None  # type: ignore[attr-defined]  # of these kinds
    return Description(
        kind=kind,
        name=offer.name,
        distribution=offer.distribution,
        version=offer.version,
        target=offer.target,
        doc=own_doc(component),
        options=tuple(_fields(config) if config else _parameters(component)),
        options_doc=own_doc(config) if config else "",
        presets=tuple(presets_of(config)),
    )


def own_doc(component: type) -> str:
    """Return the docstring of a class, which it does not inherit; empty for what dataclasses write by themselves."""
    doc = inspect.cleandoc(component.__doc__ or "")
    return "" if doc.startswith(f"{component.__name__}(") else doc


def _fields(config: Any, before: str = "") -> Iterator[Option]:
    """Yield the fields of a config or its instance, those of a dataclass inside one by one, as `a.b` sets them."""
    for field in dataclasses.fields(config):
        default: Any = field.default
        if not isinstance(config, type):
            default = getattr(config, field.name)
        elif field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        name, kind = before + field.name, _spelt(field.type)
        if dataclasses.is_dataclass(default) and not isinstance(default, type | Part):
            yield Option(name, kind, type(default).__name__, False)
            yield from _fields(default, f"{name}.")
        else:
            required = default is dataclasses.MISSING
            yield Option(name, kind, None if required else repr(default), required)


def _parameters(component: type) -> Iterator[Option]:
    for name, parameter in option_names(component).items():
        required = parameter.default is parameter.empty
        yield Option(name, _spelt(parameter.annotation), None if required else repr(parameter.default), required)


def _spelt(annotation: Any) -> str:
    """Return a type as it is written in source."""
    if annotation is inspect.Parameter.empty:
        return UNTYPED
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
