"""Remove the remains of killed runs from a results folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from priorsr.bench.running.journal import KEY
from priorsr.bench.store.results import lock_path, outputs_path, partial_path
from priorsr.locks import lock
from priorsr.partial_files import sweep


def sweep_results(results: Path) -> None:
    """Remove half-written files, replaced SR images, and unfinished work that cannot continue.

    Files of running processes stay.
    """
    for part in ("records", "outputs", "faces", ".partial"):
        sweep(results / part)
    for old in outputs_path(results, "").glob(".*.old"):
        _remove(old, partial_path(results, old.name[1:].removesuffix(".old")))
    for unfinished in partial_path(results, "").glob("*/"):
        if not (unfinished / KEY).exists():  # which only a journal has
            _remove(unfinished, unfinished)


def _remove(folder: Path, unfinished: Path) -> None:
    """Remove a folder, unless a process works in it."""
    path = lock_path(unfinished)
    path.parent.mkdir(exist_ok=True)
    with open(path, "a+") as held:
        if lock(held.fileno()):
            shutil.rmtree(folder, ignore_errors=True)
