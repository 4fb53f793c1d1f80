"""Components by kind and name: built-in, from plugins, and registered in the running program."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeVar

from priorsr.components import BUILTINS
from priorsr.config import build_config
from priorsr.errors import (
    BrokenPluginError,
    NameCollisionError,
    OptionError,
    PriorsrError,
    UnknownNameError,
    WrongKindError,
    did_you_mean,
)
from priorsr.kinds import KINDS, get_kind
from priorsr.options import option_names, taken
from priorsr.plugins import OWN, SESSION, Installed, Offer, Scan, normalise, scan
from priorsr.version import __version__

T = TypeVar("T", bound=type)
Made = TypeVar("Made")


@dataclass(frozen=True)
class Part:
    """A component by name with options, for a skeleton to build anew at every place: Part("concat", kernel_size=1)."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __init__(self, name: str, /, **options: Any) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "options", options)


PartSpec = str | Part | type
"""How a config names a part: by name, as Part(name, **options), or a class. An instance is refused."""


@dataclass(frozen=True)
class _State:
    """All that the registry knows; replaced whole, so that a reader never sees half of a change."""

    scan: Scan | None = None
    session: Mapping[tuple[str, str], type] = field(default_factory=dict)


_state = _State()
_lock = threading.Lock()
_makers: ContextVar[tuple[Offer, ...]] = ContextVar("makers", default=())


def _discovered() -> Scan:
    """What plugins offer; walked once, and remembered only after the walk has succeeded."""
    global _state
    found = _state.scan
    if found is None:
        found = scan()
        with _lock:
            _state = _State(found, _state.session)
    return found


def rescan() -> None:
    """Forget what plugins offer, so that the next question walks the installed distributions again."""
    global _state
    with _lock:
        _state = _State(None, _state.session)


def offers(kind: str) -> list[Offer]:
    """Every component of a kind, sorted by name, built-in ones first, with where it comes from. Imports nothing."""
    get_kind(kind)
    own = [Offer(kind, name, target, OWN, __version__) for name, target in BUILTINS[kind].items()]
    session = [
        Offer(kind, name, f"{cls.__module__}:{cls.__qualname__}", SESSION, "")
        for (of, name), cls in _state.session.items()
        if of == kind
    ]
    found = [*own, *session, *(offer for offer in _discovered().offers if offer.kind == kind)]
    return sorted(found, key=lambda offer: (offer.name, offer.distribution != OWN, offer.distribution))


def packages() -> dict[str, Installed]:
    """The packages of priorsr and of all distributions that offer components, by the name that they are imported by."""
    return {**_discovered().packages, OWN: Installed(OWN, __version__)}


def weights_offers() -> list[Offer]:
    """Every set of trained weights that an installed distribution offers, sorted by name. Imports nothing."""
    return sorted(_discovered().weights, key=lambda offer: (offer.name, offer.distribution))


def names(kind: str) -> list[str]:
    """The names of every component of a kind, sorted. Imports nothing."""
    return sorted({offer.name for offer in offers(kind)})


def problems() -> list[str]:
    """What is wrong with the installed plugins, a sentence each: metadata, clashes, and modules that fail."""
    found = list(_discovered().problems)
    for kind in KINDS:
        for name in names(kind):
            try:
                locate(kind, name)
            except NameCollisionError as error:
                found.append(str(error))
        for offer in offers(kind):
            try:
                component_of(offer)
            except (BrokenPluginError, WrongKindError) as error:
                found.append(str(error))
            if offer.distribution not in (OWN, SESSION) and offer.name in BUILTINS[kind]:
                found.append(
                    f"{offer.distribution} {offer.version} offers the {kind} {offer.name!r}, which priorsr brings "
                    f"itself: the built-in is used, the plugin's is {offer.reference}"
                )
    return found


def locate(kind: str, name: str) -> Offer:
    """Where the component `name` (or `distribution:name`) comes from. Imports nothing.

    The session's own comes first, then the built-in, then plugins. Raises UnknownNameError with the closest names and
    any plugin that could not be read, and NameCollisionError if two distributions offer it. Under `made_by`, a bare
    name is of the distribution that is given there, or unknown.
    """
    distribution, _, bare = name.rpartition(":")
    found = [o for o in offers(kind) if o.name == bare and normalise(distribution) in ("", o.distribution)]
    makers = [maker for maker in _makers.get() if (maker.kind, maker.name) == (kind, bare)]
    if makers and not distribution:
        found = _of_makers(makers, found)
    if not found:
        broken = "".join(f"; {problem}" for problem in _discovered().problems)
        raise UnknownNameError(f"there is no {kind} {name!r}; {did_you_mean(bare, names(kind))}{broken}")
    for source in (SESSION, OWN):
        first = [offer for offer in found if offer.distribution == source]
        if first:
            return first[0]
    if len(found) > 1:
        choices = " or ".join(offer.reference for offer in found)
        raise NameCollisionError(f"several distributions offer the {kind} {bare!r}: ask for {choices}")
    return found[0]


@contextmanager
def made_by(makers: Iterable[Offer]) -> Iterator[None]:
    """Within the block, take components that are asked for by a bare name from the distributions of these offers.

    So what was saved is built again of what it was made of, though another distribution offers the same name by now.
    """
    token = _makers.set(tuple(makers))
    try:
        yield
    finally:
        _makers.reset(token)


def _of_makers(makers: Sequence[Offer], found: Sequence[Offer]) -> list[Offer]:
    """Those of the offers that are of a maker's distribution; raises UnknownNameError if none is."""
    kept = [offer for offer in found if offer.distribution in {maker.distribution for maker in makers}]
    if not kept:
        maker = makers[0]
        others = "".join(f"; {offer.distribution} {offer.version} offers another of that name" for offer in found)
        where = "the running program does not register it" if maker.distribution == SESSION else "it is not installed"
        raise UnknownNameError(
            f"the {maker.kind} {maker.name!r} was that of {maker.distribution} {maker.version}".rstrip()
            + f", and {where}{others}"
        )
    return kept


def find(kind: str, name: str) -> type:
    """The class of the component `name` of a kind.

    Raises UnknownNameError, NameCollisionError, BrokenPluginError (chained to what its import raised) and
    WrongKindError (the class is of another kind, or declares too little).
    """
    return component_of(locate(kind, name))


def component_of(offer: Offer) -> type:
    """The class that an offer names; imports its module. Raises BrokenPluginError and WrongKindError as `find` does."""
    if offer.distribution == SESSION:
        return _state.session[offer.kind, offer.name]
    module, _, attribute = offer.target.partition(":")
    who = f"the {offer.kind} {offer.name!r} of {offer.distribution} {offer.version} ({offer.target})"
    try:
        component = getattr(import_module(module), attribute)
    except (Exception, SystemExit) as error:  # a plugin's module may raise anything
        raise BrokenPluginError(f"{who} cannot be loaded: {type(error).__name__}: {error}") from error
    wrong = get_kind(offer.kind).violation(component)
    if wrong:
        raise WrongKindError(f"{who} {wrong}")
    return component


def register(kind: str, name: str) -> Callable[[T], T]:
    """Register a class in the running program, such as a notebook: @priorsr.register("fusion", "mine").

    Registering the same name again replaces it. A built-in's or a plugin's name is refused with NameCollisionError; a
    class that is not of the kind with WrongKindError.
    """
    get_kind(kind)

    def decorate(component: T) -> T:
        global _state
        wrong = get_kind(kind).violation(component)
        if wrong:
            raise WrongKindError(f"the class {component!r} registered as {kind} {name!r} {wrong}")
        if ":" in name or not name.strip():
            raise OptionError(f"a component is registered as {name!r}, and a name without ':' was expected")
        taken = [o.distribution for o in offers(kind) if o.name == name and o.distribution != SESSION]
        if taken:
            raise NameCollisionError(f"the {kind} {name!r} exists already, from {taken[0]}: choose another name")
        with _lock:
            _state = _State(_state.scan, {**_state.session, (kind, name): component})
        return component

    return decorate


def create(kind: str, name: str, /, *, preset: str | None = None, **options: Any) -> Any:
    """Build the component `name` of a kind.

    For a model or a recipe, `preset` names a set of its config's fields ("paper" where it is not given), and the
    options override single fields. For every other kind the options go to the constructor. A wrong option raises
    OptionError with the right ones.
    """
    return build(kind, find(kind, name), preset=preset, who=f"{kind} {name!r}", options=options)


def build_part(kind: str, part: PartSpec, **keywords: Any) -> Any:
    """Build a part that a skeleton's config names, with the keywords of its kind."""
    if isinstance(part, str):
        part = Part(part)
    if isinstance(part, Part):
        clash = set(part.options) & set(keywords)
        if clash:
            raise OptionError(
                f"the {kind} {part.name!r} takes {', '.join(sorted(clash))} from its skeleton, not as an option"
            )
        return create(kind, part.name, **keywords, **part.options)
    if not isinstance(part, type):
        raise OptionError(
            f"a {kind} is given as an instance of {type(part).__name__}: give its name, Part(name, ...) or its class, "
            "since a skeleton builds a part anew at every place"
        )
    wrong = get_kind(kind).violation(part)
    if wrong:
        raise WrongKindError(f"the class {part.__name__} given as {kind} {wrong}")
    return build(kind, part, preset=None, who=f"{kind} {part.__name__}", options=keywords)


def build(kind: str, component: type, *, preset: str | None, who: str, options: Mapping[str, Any]) -> Any:
    """Build a class of a kind from options, checked against its signature or its config first.

    What its constructor cannot make of them becomes an OptionError, chained to what it raised.
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
        raise OptionError(f"{who} cannot be built with {given}: {type(error).__name__}: {error}") from error


def of_kind(kind: str, made: Made, who: str) -> Made:
    """Return an instance that has all that its kind demands; raises WrongKindError for another."""
    wrong = get_kind(kind).violation_of_made(made)
    if wrong:
        raise WrongKindError(f"the {who} {wrong}")
    return made


def offer_of(kind: str, component: type) -> Offer:
    """The offer under which a class can be found again; raises OptionError if it is not, or no longer, registered."""
    package = _package(component.__module__)
    for offer in offers(kind):
        # Only offers of the class's own package are loaded to compare, since it is imported already.
        if (offer.distribution == SESSION or _package(offer.target) == package) and component_of(offer) is component:
            return offer
    raise OptionError(
        f"the class {component.__qualname__} is not registered, so it cannot be saved by name: "
        f"put @priorsr.register({kind!r}, NAME) on it"
    )


def _package(module: str) -> str:
    """The package of a module's dotted name, or of MODULE:CLASS."""
    return re.split("[.:]", module, maxsplit=1)[0]
