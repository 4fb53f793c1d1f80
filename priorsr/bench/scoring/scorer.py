"""The hash of the scoring code, and its versions with known faults."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from priorsr.bench.store.records import Record
from priorsr.config import build_config
from priorsr.reading.toml_files import parse_toml
from priorsr.sources import Component, code_hash

SCORING = ("priorsr.bench.scoring.summaries",)
"""The modules that make LR images, scores, means and intervals, together with all that they import."""


@lru_cache
def scorer_hash() -> str:
    """Return the hash of the source of all scoring code; kept scores of another hash are not used."""
    return code_hash(SCORING)


def is_current(record: Record, components: Iterable[Component]) -> bool:
    """Return whether the installed code made a record: the scoring code, and these components.

    The components are all that run the model and compute the requested scores. False for records of format 1, which do
    not list them.
    """
    wanted = {part.source for part in components if part.used_for != "training"}
    uses = {use for use, *_ in wanted}
    there = {part.source for part in known_components(record) if part.used_for in uses}
    return record.scorer_hash == scorer_hash() and wanted == there


def known_components(record: Record) -> tuple[Component, ...]:
    """Return the components of a record; none where they are unknown."""
    return () if record.components == "unknown" else record.components


@dataclass(frozen=True)
class Fault:
    """A fault of the versions from `since` to before `until`: `scores` under `protocols` (all, if empty)."""

    since: str
    until: str
    scores: tuple[str, ...]
    what: str
    protocols: tuple[str, ...] = ()

    def spoils(self, record: Record) -> bool:
        """Return whether a record was made by a version with this fault, under a protocol that shows it."""
        protocol = record.protocol.id.partition("@")[0]
        there = _numbers(self.since) <= _numbers(record.scorer_version) < _numbers(self.until)
        return there and (not self.protocols or protocol in self.protocols)


@lru_cache
def known_faults() -> tuple[Fault, ...]:
    """Return the faults that `known_wrong.toml` lists."""
    name = "known_wrong.toml"
    content = parse_toml(files("priorsr.bench.scoring").joinpath(name).read_bytes(), name)
    return tuple(build_config(Fault, None, fault, name) for fault in content.get("wrong", ()))


def known_wrong(record: Record) -> dict[str, str]:
    """Return the scores of a record that are known to be wrong, with the fault; empty if none is."""
    there = record.scores.keys() | record.set_scores.keys()
    return {
        score: f"priorsr {record.scorer_version} computed it wrongly: {fault.what}"
        for fault in known_faults()
        if fault.spoils(record)
        for score in fault.scores
        if score in there
    }


def _numbers(version: str) -> tuple[int, ...]:
    """Return a version's numbers, for comparing: (0, 3, 1) of "0.3.1" and of "0.3.1.dev2"."""
    release = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, release.group().split("."))) if release else ()
