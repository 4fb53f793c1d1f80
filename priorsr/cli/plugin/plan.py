"""Names of a new plugin, from its package to the classes of its components."""

from __future__ import annotations

import keyword
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from priorsr.cli.plugin.licences import LICENCES
from priorsr.components import BUILTINS
from priorsr.errors import NameCollisionError, OptionError, UnknownNameError, did_you_mean
from priorsr.kinds import get_kind
from priorsr.plugins import OWN, is_name, normalise

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")  # of a distribution, as PEP 508 has it


@dataclass(frozen=True)
class NewComponent:
    """A component of a new plugin: its kind, its name, and the module and class that define it."""

    kind: str
    name: str
    module: str
    cls: str


@dataclass(frozen=True)
class NewPlugin:
    """A distribution to write: its name, its package, its components, its licence and who holds the copyright."""

    name: str
    package: str
    components: tuple[NewComponent, ...]
    licence: str
    author: str


def plan_plugin(name: str, kinds: Sequence[str], licence: str, author: str | None) -> NewPlugin:
    """Name everything in a new plugin; `kinds` are KIND or KIND:COMPONENT.

    Raises OptionError for a name that a distribution, a package, a module or a component cannot have, UnknownNameError
    for a kind or licence, and NameCollisionError for a component of priorsr's own or one that is there twice.
    """
    if not _NAME.fullmatch(name):
        raise OptionError(f"{name!r} cannot be a distribution's name; letters, digits, '-', '_' and '.' were expected")
    package = re.sub(r"[-.]+", "_", name).lower()
    if normalise(name) == OWN or package in sys.stdlib_module_names or package in ("tests", "torch", "numpy"):
        raise OptionError(f"{name!r} is taken: {package} is a package of others; another name was expected")
    _check_identifier(package, f"the package of {name!r}")
    if licence not in LICENCES:
        raise UnknownNameError(f"there is no licence {licence!r}; {did_you_mean(licence, LICENCES)}")
    if not kinds:
        raise OptionError("a plugin without components was asked for; --kind KIND was expected")
    components = tuple(_component(each, package, len(kinds) == 1) for each in kinds)
    for what in ("module", "name"):
        seen = Counter((component.kind, getattr(component, what)) for component in components)
        for (kind, twice), times in seen.items():
            if times > 1:
                raise NameCollisionError(f"the {kind} {twice!r} was asked for {times} times; one of each was expected")
    return NewPlugin(name, package, _apart(components), licence, author or f"the developers of {name}")


def _component(asked: str, package: str, alone: bool) -> NewComponent:
    kind, _, name = asked.partition(":")
    get_kind(kind)
    if not name:
        if ":" in asked:
            raise OptionError(f"--kind {asked!r} names no component; KIND or KIND:COMPONENT was expected")
        base = package.removeprefix(f"{OWN}_")
        name = base if alone or base.endswith(kind) else f"{base}_{kind}"
    if not is_name(name):
        raise OptionError(
            f"a component cannot be called {name!r}; letters, digits, '.', '_' and '-' were expected, the first one a "
            "letter or digit"
        )
    if name in BUILTINS[kind]:
        raise NameCollisionError(f"the {kind} {name!r} is priorsr's own; another name was expected: --kind {kind}:NAME")
    module = re.sub(r"[-.]+", "_", name).lower()
    _check_identifier(module, f"the module of the {kind} {name!r}")
    words = [word for word in re.split(r"[-._]+", name) if word]
    suffix = [] if words[-1].lower() == kind else [kind]
    return NewComponent(kind, name, module, "".join(word[:1].upper() + word[1:] for word in (*words, *suffix)))


def _apart(components: Sequence[NewComponent]) -> tuple[NewComponent, ...]:
    """Name the modules of components that share a name after their kinds, too."""
    times = Counter(component.module for component in components)
    return tuple(
        component
        if times[component.module] == 1
        else NewComponent(component.kind, component.name, f"{component.module}_{component.kind}", component.cls)
        for component in components
    )


def _check_identifier(name: str, what: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise OptionError(f"{what} would be called {name!r}; a name that Python can import was expected")
