"""Building a component from its options, checked first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from priorsr.config import build_config
from priorsr.errors import OptionError, PriorsrError, WrongKindError, did_you_mean, raised
from priorsr.kinds import get_kind
from priorsr.options import option_names, taken

Made = TypeVar("Made")


@dataclass(frozen=True)
class Part:
    """A component by name with options, which a skeleton builds at every place: Part("concat", kernel_size=1)."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __init__(self, name: str, /, **options: Any) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "options", options)


PartSpec = str | Part | type
"""A part in a config: its name, Part(name, **options), or a class. An instance is refused."""


def build(kind: str, component: type, *, preset: str | None, who: str, options: Mapping[str, Any]) -> Any:
    """Build a class of a kind from options, checked against its signature or its config first.

    An exception of its constructor becomes an OptionError, chained to it.
    """
    options = taken(component, options, who)
    if get_kind(kind).configured:
        config = build_config(component.Config, preset, options, who)  # type: ignore[attr-defined]  # of these kinds
        return of_kind(kind, component(config), who)
    if preset is not None:
        raise OptionError(f"{who} has no presets, and preset={preset!r} was given")
    known = option_names(component)
    for option in options:
        if option not in known:
            raise OptionError(f"{who} has no option {option!r}; {did_you_mean(option, known)}")
    missing = [n for n, p in known.items() if p.default is p.empty and n not in options]
    if missing:
        raise OptionError(f"{who} needs {', '.join(missing)}")
    try:
        return component(**options)
    except PriorsrError:
        raise
    except Exception as error:  # a constructor may raise anything
        given = ", ".join(f"{option}={value!r}" for option, value in options.items())
        raise OptionError(f"{who} cannot be built with {given}: {raised(error)}") from error


def of_kind(kind: str, made: Made, who: str) -> Made:
    """Return an instance that has all that its kind demands; raises WrongKindError for another."""
    wrong = get_kind(kind).violation_of_made(made)
    if wrong:
        raise WrongKindError(f"the {who} {wrong}")
    return made
