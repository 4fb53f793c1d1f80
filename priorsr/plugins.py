"""Which components other distributions offer, read from their metadata alone: nothing is imported.

This is the only file that reads entry points. importlib.metadata.entry_points() is not used, because one malformed
entry_points.txt of any installed distribution ends its whole scan.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata

from priorsr.errors import did_you_mean
from priorsr.kinds import KINDS


@dataclass(frozen=True)
class Offer:
    """A component that a distribution offers: `target` is MODULE:CLASS."""

    kind: str
    name: str
    target: str
    distribution: str
    version: str


@dataclass(frozen=True)
class Scan:
    """What a walk over the installed distributions found, and what it could not read, a sentence each."""

    offers: tuple[Offer, ...] = ()
    problems: tuple[str, ...] = ()


_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def normalise(distribution: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def scan(distributions: Iterable[metadata.Distribution] | None = None) -> Scan:
    """Walk the installed distributions (or those given) and collect what they offer to priorsr.

    A distribution that is on the path twice counts once, the first, as Python imports it. A malformed line costs only
    itself, and becomes a problem if it stands in a group of ours.
    """
    offers: list[Offer] = []
    problems: list[str] = []
    seen: set[str] = set()
    for distribution in metadata.distributions() if distributions is None else distributions:
        text = _entry_points_text(distribution)
        if "priorsr." not in text:
            continue
        name = normalise(distribution.name or "unknown")
        if name in seen:
            continue
        seen.add(name)
        who = f"the plugin {name} {distribution.version}"
        for kind, line, number in _lines_of_ours(text):
            component, _, target = (part.strip() for part in line.partition("="))
            if kind not in KINDS:
                problems.append(f"{who}: entry_points.txt line {number} offers a {kind!r}; {did_you_mean(kind, KINDS)}")
            elif not component or not _TARGET.fullmatch(target):
                problems.append(f"{who}: entry_points.txt line {number} is {line!r}; NAME = MODULE:CLASS was expected")
            else:
                offers.append(Offer(kind, component, target, name, distribution.version))
    return Scan(tuple(offers), tuple(problems))


def _entry_points_text(distribution: metadata.Distribution) -> str:
    try:
        return distribution.read_text("entry_points.txt") or ""
    except (OSError, UnicodeDecodeError):
        return ""  # not readable, so nothing in it can be meant for us


def _lines_of_ours(text: str) -> Iterator[tuple[str, str, int]]:
    """The lines in groups called priorsr.KIND, as (KIND, line, number); everything else is none of our business."""
    kind = None
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if line.startswith("["):
            group = line.strip("[] ")
            kind = group.removeprefix("priorsr.") if group.startswith("priorsr.") else None
        elif kind and line and line[0] not in "#;":
            yield kind, line, number
