"""What there is to know of a component: where it comes from, what it does, and its options."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass
from typing import Any

from priorsr.config import presets_of
from priorsr.kinds import get_kind
from priorsr.options import option_names
from priorsr.registry import component_of, locate


@dataclass(frozen=True)
class Option:
    """An option of a component: its type as written, and its default, or None and required."""

    name: str
    type: str
    default: str | None
    required: bool


@dataclass(frozen=True)
class Description:
    """A component, described for people and programs."""

    kind: str
    name: str
    distribution: str
    version: str
    target: str
    doc: str
    options: tuple[Option, ...]
    presets: tuple[str, ...]


def describe(kind: str, name: str) -> Description:
    """Describe the component `name` of a kind; imports its module. Raises as `priorsr.create` does."""
    offer = locate(kind, name)
    component = component_of(offer)
    configured = get_kind(kind).configured
    options = _fields(component.Config) if configured else _parameters(component)  # type: ignore[attr-defined]
    return Description(
        kind=kind,
        name=offer.name,
        distribution=offer.distribution,
        version=offer.version,
        target=offer.target,
        doc=inspect.getdoc(component) or "",
        options=options,
        presets=tuple(presets_of(component.Config)) if configured else (),  # type: ignore[attr-defined]
    )


def _fields(config: Any) -> tuple[Option, ...]:
    found = []
    for field in dataclasses.fields(config):
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        required = default is dataclasses.MISSING
        found.append(Option(field.name, str(field.type), None if required else repr(default), required))
    return tuple(found)


def _parameters(component: type) -> tuple[Option, ...]:
    return tuple(
        Option(
            name,
            _spelt(parameter.annotation),
            None if parameter.default is parameter.empty else repr(parameter.default),
            parameter.default is parameter.empty,
        )
        for name, parameter in option_names(component).items()
    )


def _spelt(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
