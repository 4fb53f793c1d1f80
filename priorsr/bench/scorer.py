"""Which code scores, and which of its versions are known to have been wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import priorsr
from priorsr.bench.records import Record
from priorsr.config import build_config
from priorsr.files import sha256_file, sha256_json
from priorsr.reading.toml_files import parse_toml
from priorsr.version import __version__

SOURCES = (
    "metrics/**/*.py",
    "estimators/*.py",
    "data/reduction.py",
    "data/parallel.py",
    "bench/evaluation.py",
    "bench/facts.py",
    "bench/repeatable.py",
    "bench/statistics/bootstrap.py",
)
"""What makes LR images, judges' answers, scores and intervals; the protocols themselves have hashes of their own."""


@lru_cache
def scorer_hash() -> str:
    """The SHA-256 of the source of all that scores; any change in it makes cached scores void."""
    root = Path(priorsr.__file__).parent
    found = sorted(path for pattern in SOURCES for path in root.glob(pattern))
    return sha256_json({path.relative_to(root).as_posix(): sha256_file(path) for path in found})


def is_current(record: Record, model_version: str) -> bool:
    """Whether a record was made by the code that is installed: what scores, and the model's distribution."""
    made_by = record.scorer_version, record.scorer_hash, record.model.version
    return made_by == (__version__, scorer_hash(), model_version)


@dataclass(frozen=True)
class Fault:
    """A fault of the versions from `since` up to, but not with, `until`: `scores` under `protocols` (all, if empty)."""

    since: str
    until: str
    scores: tuple[str, ...]
    what: str
    protocols: tuple[str, ...] = ()

    def spoils(self, record: Record) -> bool:
        """Whether a record was made by a version that has it, under a protocol that shows it."""
        protocol = record.protocol.id.partition("@")[0]
        there = _numbers(self.since) <= _numbers(record.scorer_version) < _numbers(self.until)
        return there and (not self.protocols or protocol in self.protocols)


@lru_cache
def known_faults() -> tuple[Fault, ...]:
    """The faults that `known_wrong.toml` lists."""
    name = "known_wrong.toml"
    content = parse_toml(files("priorsr.bench").joinpath(name).read_bytes(), name)
    return tuple(build_config(Fault, None, fault, name) for fault in content.get("wrong", ()))


def known_wrong(record: Record) -> dict[str, str]:
    """The scores of a record that are known to be wrong, and what was: empty if none is."""
    there = record.scores.keys() | record.set_scores.keys()
    return {
        score: f"priorsr {record.scorer_version} computed it wrongly: {fault.what}"
        for fault in known_faults()
        if fault.spoils(record)
        for score in fault.scores
        if score in there
    }


def _numbers(version: str) -> tuple[int, ...]:
    """A version's numbers, for comparing: (0, 3, 1) of "0.3.1" and of "0.3.1.dev2"."""
    release = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, release.group().split("."))) if release else ()
