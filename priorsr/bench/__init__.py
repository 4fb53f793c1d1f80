"""Benchmarks: run and score models, write records, show them as pages, and study recipes and priors.

Importing this package imports nothing heavy; each name loads what it needs when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from priorsr.lazy_names import lazily

if TYPE_CHECKING:
    from priorsr.bench.board.compare import compare
    from priorsr.bench.board.leaderboard import Leaderboard, leaderboards
    from priorsr.bench.board.terminal_tables import tables
    from priorsr.bench.executors.clusters import open_cluster
    from priorsr.bench.pages.run import build_report
    from priorsr.bench.pages.site import build_site
    from priorsr.bench.running.runner import run
    from priorsr.bench.store.records import Record, record_schema
    from priorsr.bench.store.results import read_record, read_results
    from priorsr.bench.studies.ablation import ablate
    from priorsr.bench.studies.prior_study import priors

_LAZY = {
    "Leaderboard": "priorsr.bench.board.leaderboard",
    "Record": "priorsr.bench.store.records",
    "ablate": "priorsr.bench.studies.ablation",
    "build_report": "priorsr.bench.pages.run",
    "build_site": "priorsr.bench.pages.site",
    "compare": "priorsr.bench.board.compare",
    "leaderboards": "priorsr.bench.board.leaderboard",
    "open_cluster": "priorsr.bench.executors.clusters",
    "priors": "priorsr.bench.studies.prior_study",
    "read_record": "priorsr.bench.store.results",
    "read_results": "priorsr.bench.store.results",
    "record_schema": "priorsr.bench.store.records",
    "run": "priorsr.bench.running.runner",
    "tables": "priorsr.bench.board.terminal_tables",
}

__all__ = [
    "Leaderboard",
    "Record",
    "ablate",
    "build_report",
    "build_site",
    "compare",
    "leaderboards",
    "open_cluster",
    "priors",
    "read_record",
    "read_results",
    "record_schema",
    "run",
    "tables",
]

__getattr__ = lazily(__name__, _LAZY)


def __dir__() -> list[str]:
    return __all__
