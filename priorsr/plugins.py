"""The components and weights that other distributions offer, read from their metadata alone: nothing is imported.

This is the only file that reads entry points. Each distribution's file is read by itself, because the scans of
importlib.metadata and of the package `entrypoints` end at the first malformed file of any distribution; the target of a
line is parsed by `entrypoints`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from entrypoints import BadEntryPoint, EntryPoint

from priorsr.errors import did_you_mean
from priorsr.kinds import KINDS

OWN = "priorsr"
SESSION = "session"
FILE = "file"  # of what a script of PRIORSR_PLUGINS registered
REGISTERED = (SESSION, FILE)  # what no installed distribution offers
WEIGHTS = "weights"  # the entry-point group priorsr.weights: NAME = PACKAGE:STEM, for PACKAGE/STEM.safetensors


@dataclass(frozen=True)
class Offer:
    """A component that a distribution, priorsr itself, the running session or a script offers.

    target: MODULE:CLASS. version: of the distribution; of a script, the beginning of its SHA-256.
    """

    kind: str
    name: str
    target: str
    distribution: str
    version: str

    @property
    def reference(self) -> str:
        """Return the name that stands for this component alone."""
        return self.name if self.distribution in (OWN, *REGISTERED) else f"{self.distribution}:{self.name}"


class Installed(NamedTuple):
    """A distribution that offers components, and its version."""

    distribution: str
    version: str


class Problem(NamedTuple):
    """A line of entry points that cannot be used: a sentence on it, and the component that it was to offer."""

    sentence: str
    kind: str
    name: str
    distribution: str

    def concerns(self, kind: str, name: str, distribution: str) -> bool:
        """Return whether the line was to offer a component of this name: of the kind, or of one that does not exist."""
        of_kind = self.kind == kind or self.kind not in (*KINDS, WEIGHTS)
        return of_kind and self.name == name and normalise(distribution) in ("", self.distribution)


@dataclass(frozen=True)
class Scan:
    """The result of a walk over the installed distributions.

    offers: components. problems: lines that could not be read.
    weights: trained ones by name, offers of the kind "weights" whose target is PACKAGE:STEM.
    packages: by the name of a package or module that can be imported, the distribution that brings it; only of
        distributions that offer components.
    """

    offers: tuple[Offer, ...] = ()
    problems: tuple[Problem, ...] = ()
    packages: Mapping[str, Installed] = field(default_factory=dict)
    weights: tuple[Offer, ...] = ()


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def is_name(name: str) -> bool:
    """Return whether a component can have a name: ASCII letters, digits, '.', '_' and '-', a letter or digit first."""
    return _NAME.fullmatch(name) is not None


def normalise(distribution: str) -> str:
    """Return a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def scan(distributions: Iterable[metadata.Distribution] | None = None) -> Scan:
    """Walk the installed distributions (or those given) and collect what they offer to priorsr.

    A distribution that is on the path twice counts once, by its first place, as in Python's imports. A malformed line
    affects no other line, and becomes a problem if it is in one of our groups.
    """
    offers: list[Offer] = []
    problems: list[Problem] = []
    packages: dict[str, Installed] = {}
    seen: set[str] = set()
    for distribution in metadata.distributions() if distributions is None else distributions:
        try:
            text = distribution.read_text("entry_points.txt") or ""
            name = normalise(distribution.name)
            version = distribution.version
        except Exception:  # metadata that cannot be read can mean nothing to us
            continue
        if name not in seen:
            seen.add(name)
            before = len(offers)
            _read(text, name, version, offers, problems)
            targets = {offer.target.partition(":")[0].partition(".")[0] for offer in offers[before:]}
            for package in (targets | _top_level(distribution)) if targets else ():
                packages.setdefault(package, Installed(name, version))
    components = tuple(offer for offer in offers if offer.kind != WEIGHTS)
    weights = tuple(offer for offer in offers if offer.kind == WEIGHTS)
    return Scan(components, tuple(problems), packages, weights)


def _top_level(distribution: metadata.Distribution) -> set[str]:
    """Return the packages and modules of a distribution, by its metadata or by a folder of its own."""
    try:
        listed = (distribution.read_text("top_level.txt") or "").split()
        files = [PurePosixPath(file) for file in distribution.files or ()]
        folder = Path(str(distribution.locate_file("")))
        if not files and len([*folder.glob("*.dist-info"), *folder.glob("*.egg-info")]) == 1:
            found = (*folder.glob("*.py"), *folder.glob("*/__init__.py"))
            files = [PurePosixPath(path.relative_to(folder)) for path in found]
    except Exception:  # metadata that cannot be read can mean nothing to us
        return set()
    sources = [file for file in files if file.suffix == ".py" and file.parts[0] not in ("..", "/")]
    return {*listed, *(file.parts[0].removesuffix(".py") for file in sources)}


def _read(text: str, distribution: str, version: str, offers: list[Offer], problems: list[Problem]) -> None:
    """Add the offers of an entry_points.txt, and the problems of its lines."""
    here: set[tuple[str, str]] = set()
    for kind, line, number in _lines_of_ours(text):
        name, _, target = (part.strip() for part in line.partition("="))
        if kind not in (*KINDS, WEIGHTS):
            wrong = f"offers a {kind!r}; {did_you_mean(kind, KINDS)}"
        elif not is_name(name) or not _is_target(target):
            wrong = f"is {line!r}; NAME = MODULE:CLASS was expected, the name of letters, digits, '.', '_' and '-'"
        elif (kind, name) in here:
            wrong = f"offers the {kind} {name!r} again"
        else:
            here.add((kind, name))
            offers.append(Offer(kind, name, target, distribution, version))
            continue
        sentence = f"the plugin {distribution} {version}: entry_points.txt line {number} {wrong}"
        problems.append(Problem(sentence, kind, name, distribution))


def _is_target(text: str) -> bool:
    """Return whether a text is MODULE:CLASS, an entry point without extras."""
    try:
        entry = EntryPoint.from_string(text, name="")
    except BadEntryPoint:
        return False
    names = (*entry.module_name.split("."), entry.object_name or "")
    return entry.extras is None and all(map(str.isidentifier, names))


def _lines_of_ours(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield the lines in groups called priorsr.KIND, as (KIND, line, number); other groups are passed over."""
    kind = None
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if line.startswith("["):
            group = line.strip("[] ")
            kind = group.removeprefix("priorsr.") if group.startswith("priorsr.") else None
        elif kind and line and line[0] not in "#;":
            yield kind, line, number
