"""Components by kind and name: built-in, from plugins, and registered in the running program."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

from priorsr import scripts
from priorsr.building import Part as Part  # its public place
from priorsr.building import PartSpec as PartSpec
from priorsr.building import build
from priorsr.components import BUILTINS
from priorsr.errors import (
    BrokenPluginError,
    NameCollisionError,
    OptionError,
    UnknownNameError,
    WrongKindError,
    did_you_mean,
    raised,
)
from priorsr.kinds import KINDS, get_kind
from priorsr.makers import of_makers
from priorsr.plugins import FILE, OWN, REGISTERED, SESSION, Installed, Offer, Scan, is_name, normalise, scan
from priorsr.version import __version__

T = TypeVar("T", bound=type)


class _Registered(NamedTuple):
    """A class that the running program registered, and the script of PRIORSR_PLUGINS that did so, if one did."""

    component: type
    script: scripts.Script | None


@dataclass(frozen=True)
class _State:
    """The state of the registry; replaced whole, so that a reader never sees half of a change.

    ran: the scripts of PRIORSR_PLUGINS that were run.
    """

    scan: Scan | None = None
    session: Mapping[tuple[str, str], _Registered] = field(default_factory=dict)
    ran: frozenset[scripts.Script] = frozenset()


_state = _State()
_lock = threading.RLock()
_running: ContextVar[scripts.Script | None] = ContextVar("running", default=None)


def _discovered() -> Scan:
    """Return the offers of plugins; walked once, and remembered only after the walk has succeeded."""
    global _state
    found = _state.scan
    if found is None:
        found = scan()
        with _lock:
            _state = replace(_state, scan=found)
    return found


def _run_scripts() -> None:
    """Run the scripts of PRIORSR_PLUGINS that were not run; the components of one that fails are forgotten."""
    global _state
    for script in scripts.scripts():
        with _lock:
            if _running.get() or script in _state.ran or scripts.is_imported(script):
                continue
            before, token = _state, _running.set(script)
            try:
                scripts.run(script)
                _state = replace(_state, ran=_state.ran | {script})
            except BaseException:
                _state = before
                raise
            finally:
                _running.reset(token)
            if not any(registered.script == script for registered in _state.session.values()):
                _state = before
                raise BrokenPluginError(
                    f"{script.path}: registers no component; a script that calls @priorsr.register was expected"
                )


def rescan() -> None:
    """Forget the offers of plugins, so that the next call walks the installed distributions again."""
    global _state
    with _lock:
        _state = replace(_state, scan=None)


def offers(kind: str) -> list[Offer]:
    """Return every component of a kind with its origin, sorted by name, built-in ones first.

    Imports nothing, but runs the scripts of PRIORSR_PLUGINS, once; raises BrokenPluginError for one that fails.
    """
    get_kind(kind)
    _run_scripts()
    own = [Offer(kind, name, target, OWN, __version__) for name, target in BUILTINS[kind].items()]
    session = [_offer_of(kind, name, registered) for (of, name), registered in _state.session.items() if of == kind]
    found = [*own, *session, *(offer for offer in _discovered().offers if offer.kind == kind)]
    return sorted(found, key=lambda offer: (offer.name, offer.distribution != OWN, offer.distribution))


def _offer_of(kind: str, name: str, registered: _Registered) -> Offer:
    component, script = registered
    where = (FILE, script.version) if script else (SESSION, "")
    return Offer(kind, name, f"{component.__module__}:{component.__qualname__}", *where)


def packages() -> dict[str, Installed]:
    """Return the packages of priorsr and of all distributions that offer components, by their names in imports."""
    return {**_discovered().packages, OWN: Installed(OWN, __version__)}


def weights_offers() -> list[Offer]:
    """Return every set of trained weights that an installed distribution offers, sorted by name. Imports nothing."""
    return sorted(_discovered().weights, key=lambda offer: (offer.name, offer.distribution))


def names(kind: str) -> list[str]:
    """Return the names of every component of a kind, sorted. Imports nothing."""
    return sorted({offer.name for offer in offers(kind)})


def problems() -> list[str]:
    """Return the problems of the installed plugins, a sentence each: metadata, clashes, and modules that fail."""
    found = [problem.sentence for problem in _discovered().problems]
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
            if offer.distribution not in (OWN, *REGISTERED) and offer.name in BUILTINS[kind]:
                found.append(
                    f"{offer.distribution} {offer.version} offers the {kind} {offer.name!r}, which priorsr brings "
                    f"itself: the built-in is used, the plugin's is {offer.reference}"
                )
    return found


def locate(kind: str, name: str) -> Offer:
    """Return the offer of the component `name` (or `distribution:name`). Imports nothing.

    The session's own and scripts' come first, then the built-in, then plugins. Raises UnknownNameError with the closest
    names and any plugin whose broken line was to offer the name, and NameCollisionError if two distributions offer it.
    Under `priorsr.makers.only_from`, a bare name belongs to the distribution that is given there, or is unknown.
    """
    distribution, _, bare = name.rpartition(":")
    found = [o for o in offers(kind) if o.name == bare and normalise(distribution) in ("", o.distribution)]
    if not distribution:
        found = of_makers(kind, bare, found)
    if not found:
        refused = (problem for problem in _discovered().problems if problem.concerns(kind, bare, distribution))
        broken = "".join(f"; {problem.sentence}" for problem in refused)
        raise UnknownNameError(f"there is no {kind} {name!r}; {did_you_mean(bare, names(kind))}{broken}")
    for source in (*REGISTERED, OWN):
        first = [offer for offer in found if offer.distribution == source]
        if first:
            return first[0]
    if len(found) > 1:
        choices = " or ".join(offer.reference for offer in found)
        raise NameCollisionError(f"several distributions offer the {kind} {bare!r}: ask for {choices}")
    return found[0]


def find(kind: str, name: str) -> type:
    """Return the class of the component `name` of a kind.

    Raises UnknownNameError, NameCollisionError, BrokenPluginError (chained to what its import raised) and
    WrongKindError (the class is of another kind, or declares too little).
    """
    return component_of(locate(kind, name))


def component_of(offer: Offer) -> type:
    """Return the class of an offer; imports its module. Raises BrokenPluginError and WrongKindError as `find` does."""
    if offer.distribution in REGISTERED:
        return _state.session[offer.kind, offer.name].component
    module, _, attribute = offer.target.partition(":")
    who = f"the {offer.kind} {offer.name!r} of {offer.distribution} {offer.version} ({offer.target})"
    try:
        component = getattr(import_module(module), attribute)
    except (Exception, SystemExit) as error:  # a plugin's module may raise anything
        raise BrokenPluginError(f"{who} cannot be loaded: {raised(error)}") from error
    wrong = get_kind(offer.kind).violation(component)
    if wrong:
        raise WrongKindError(f"{who} {wrong}")
    return component


def register(kind: str, name: str) -> Callable[[T], T]:
    """Register a class in the running program, such as a notebook: @priorsr.register("fusion", "mine").

    A name is of ASCII letters, digits, '.', '_' and '-'. Registering the same name again replaces it. A built-in's or a
    plugin's name, and one that two scripts of PRIORSR_PLUGINS register, is refused with NameCollisionError; a class
    that is not of the kind with WrongKindError.
    """
    get_kind(kind)

    def decorate(component: T) -> T:
        global _state
        wrong = get_kind(kind).violation(component)
        if wrong:
            raise WrongKindError(f"the class {component!r} registered as {kind} {name!r} {wrong}")
        if not isinstance(name, str) or not is_name(name):
            raise OptionError(
                f"a component is registered as {name!r}; a name of letters, digits, '.', '_' and '-' was expected"
            )
        taken = [o.distribution for o in offers(kind) if o.name == name and o.distribution not in REGISTERED]
        if taken:
            raise NameCollisionError(f"the {kind} {name!r} exists already, from {taken[0]}: choose another name")
        script = _running.get() or next((s for s in scripts.scripts() if scripts.defines(s, component)), None)
        with _lock:
            before = _state.session.get((kind, name))
            if before and script and before.script not in (None, script):
                raise NameCollisionError(f"the {kind} {name!r} is registered by {before.script.path} already")
            _state = replace(_state, session={**_state.session, (kind, name): _Registered(component, script)})
        return component

    return decorate


def create(kind: str, name: str, /, *, preset: str | None = None, **options: Any) -> Any:
    """Build the component `name` of a kind.

    For a model or a recipe, `preset` names a set of its config's fields (default: "paper"), and the options
    override single fields. For every other kind the options go to the constructor. A wrong option raises
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
            "since a skeleton builds a new part at every place"
        )
    wrong = get_kind(kind).violation(part)
    if wrong:
        raise WrongKindError(f"the class {part.__name__} given as {kind} {wrong}")
    return build(kind, part, preset=None, who=f"{kind} {part.__name__}", options=keywords)


def offer_of(kind: str, component: type) -> Offer:
    """Return the offer by which a class can be found again; raises OptionError if it is not registered."""
    package = _package(component.__module__)
    for offer in offers(kind):
        # Only offers of the class's own package are loaded to compare, since it is imported already.
        if (offer.distribution in REGISTERED or _package(offer.target) == package) and component_of(offer) is component:
            return offer
    raise OptionError(
        f"the class {component.__qualname__} is not registered, so it cannot be saved by name: "
        f"put @priorsr.register({kind!r}, NAME) on it"
    )


def _package(module: str) -> str:
    """Return the package of a module's dotted name, or of MODULE:CLASS."""
    return re.split("[.:]", module, maxsplit=1)[0]
