"""Collect the components of an object, and the hashes of their sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from priorsr.errors import BrokenPluginError, OptionError, WrongKindError
from priorsr.kinds import KINDS
from priorsr.plugins import FILE, OWN, REGISTERED, Offer
from priorsr.registry import component_of, offer_of, offers, packages
from priorsr.sources.closure import Closure
from priorsr.sources.component import LIBRARY, UNREGISTERED, Component
from priorsr.sources.live import LiveSource
from priorsr.sources.trees import sha256

_PRIORSR = Path(__file__).parents[1]
_COMPUTE_NOTHING = ("reading", "sources")  # packages that only find names and read files, as do the core's plain files


def components_of(things: Iterable[object], used_for: str, *, modules: Iterable[str] = ()) -> tuple[Component, ...]:
    """Return the components of objects, the objects included, and the libraries that these import.

    Parts of an object are its submodules (of an nn.Module), and their attributes, also those in lists and dictionaries.
    An object without a declared kind is taken for a model. modules: further modules that took part.
    """
    classes = {(_kind(part) or "model", type(part)) for thing in things for part in _parts(thing)}
    return _components(classes, used_for, modules)


def as_installed(components: Iterable[Component]) -> dict[Component, Component | None]:
    """Return, for each recorded component, the one that is installed or registered here; None if it is not here.

    A library's hash covers what the other components import, so it is None, too, if one of these is not here.
    """
    known = list(components)
    found: dict[Component, Component | None] = dict.fromkeys(known)
    for use in {component.used_for for component in known}:
        of_use = [component for component in known if component.used_for == use]
        classes = {component: _class(component) for component in of_use if component.kind in KINDS}
        here = _components({(part.kind, found) for part, found in classes.items() if found}, use, ())
        by_name = {(part.kind, part.name, part.distribution): part for part in here}
        whole = None not in classes.values()
        for part in of_use:
            if whole or part.kind != LIBRARY:
                found[part] = by_name.get((part.kind, part.name, part.distribution))
    return found


def _class(component: Component) -> type | None:
    """Return the class of a component, or None if it cannot be loaded."""
    for offer in offers(component.kind):
        if (offer.name, offer.distribution) == (component.name, component.distribution):
            try:
                return component_of(offer)
            except (BrokenPluginError, WrongKindError):
                return None
    return None


def _components(classes: Iterable[tuple[str, type]], used_for: str, modules: Iterable[str]) -> tuple[Component, ...]:
    """Return the components of kinds and classes, and the libraries that these, and further modules, import."""
    found: list[Component] = []
    imported: dict[str, set[str]] = {}
    for kind, component in classes:
        offer = _offer(kind, component)
        digest, foreign = _source(component, offer)
        found.append(Component(used_for, kind, offer.name, offer.distribution, offer.version, digest))
        _add(imported, foreign)
    _add(imported, _closure(modules).statements())
    versions = dict(packages().values())
    found.extend(
        Component(used_for, LIBRARY, distribution, distribution, versions[distribution], sha256(*sorted(statements)))
        for distribution, statements in imported.items()
    )
    return tuple(sorted(found))


def source_hash(kind: str, component: type) -> str:
    """Return the hash of the source of a component's class."""
    return _source(component, _offer(kind, component))[0]


def code_hash(modules: Iterable[str]) -> str:
    """Return the hash of modules of priorsr and of all that they import."""
    return sha256(*sorted(_closure(modules).statements()[OWN]))


def _closure(modules: Iterable[str]) -> Closure:
    """Return the import closure of modules of priorsr; raises ValueError for a missing one."""
    roots = set(modules)
    closure = Closure(roots, _distribution_of)
    if missing := sorted(roots.difference(closure.modules)):
        raise ValueError(f"there is no module {missing[0]!r} that computes anything")
    return closure


def _source(component: type, offer: Offer) -> tuple[str, dict[str, set[str]]]:
    """Return the hash of a class's source, and the statements of other distributions that it imports."""
    if offer.distribution in (*REGISTERED, UNREGISTERED):
        live = LiveSource(component, _distribution_of)
        digest = sha256(offer.version, live.digest) if offer.distribution == FILE else live.digest
        return digest, Closure(live.modules, _distribution_of).statements()
    closure = Closure([offer.target.partition(":")[0], component.__module__], _distribution_of)
    statements = closure.statements()
    own = closure.hash_of(component.__module__, component.__qualname__.partition(".")[0]) or component.__qualname__
    return sha256(own, *sorted(statements.pop(offer.distribution, ()))), statements


def _distribution_of(module: str) -> str | None:
    """Return the distribution of a module if it offers components; None for core modules, which compute no result."""
    top, _, rest = module.partition(".")
    installed = packages().get(top)
    if installed is None or (top == OWN and _is_core(rest)):
        return None
    return installed.distribution


def _is_core(module: str) -> bool:
    """Return whether a module below priorsr is a plain file there, or in a package that computes no result."""
    room = module.partition(".")[0]
    return room in ("", *_COMPUTE_NOTHING) or not (_PRIORSR / room).is_dir()


def _offer(kind: str, component: type) -> Offer:
    try:
        return offer_of(kind, component)
    except OptionError:
        return Offer(kind, component.__qualname__, "", UNREGISTERED, "")


def _kind(thing: object) -> str | None:
    kind = getattr(type(thing), "kind", None)
    return kind if isinstance(kind, str) and kind in KINDS else None


def _parts(thing: Any) -> Iterator[Any]:
    """Return an object, its parts, their parts and so on."""
    todo, seen = [thing], set[int]()
    while todo:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        for module in part.modules() if callable(getattr(part, "modules", None)) else (part,):
            values = (module, *(each for value in getattr(module, "__dict__", {}).values() for each in _each(value)))
            todo.extend(value for value in values if _kind(value))


def _each(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list | tuple):
        yield from value
    else:
        yield value


def _add(found: dict[str, set[str]], more: dict[str, set[str]]) -> None:
    for distribution, statements in more.items():
        found.setdefault(distribution, set()).update(statements)
