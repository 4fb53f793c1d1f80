"""Removing the remains of killed runs from a results folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from priorsr.bench.store.results import outputs_path, partial_path
from priorsr.locks import lock
from priorsr.partial_files import sweep


def sweep_results(results: Path) -> None:
    """Remove half-written files, and SR images that others took the place of; nothing that is at work is touched."""
    for part in ("records", "outputs", "faces", ".partial"):
        sweep(results / part)
    for old in outputs_path(results, "").glob(".*.old"):
        path = partial_path(results, f"{old.name[1:].removesuffix('.old')}.lock")
        path.parent.mkdir(exist_ok=True)
        with open(path, "a+") as held:
            if lock(held.fileno()):
                shutil.rmtree(old, ignore_errors=True)
