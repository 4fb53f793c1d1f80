"""Benchmarks: models run and scored, results as records, and records as a page."""

from __future__ import annotations

from priorsr.bench.leaderboard import Leaderboard, leaderboards
from priorsr.bench.records import Record, record_schema
from priorsr.bench.results import read_record, read_results
from priorsr.bench.runner import run
from priorsr.bench.site import build_site
from priorsr.bench.terminal import tables

__all__ = [
    "Leaderboard",
    "Record",
    "build_site",
    "leaderboards",
    "read_record",
    "read_results",
    "record_schema",
    "run",
    "tables",
]
