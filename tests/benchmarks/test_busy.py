from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.busy import Timed, busy_core, faults, timed
from priorsr.data import synthesise

QUIET = Timed("quiet", 2, 100, 0.01)
BUSY = Timed("one core busy", 1, 200, 0.01)
ALL = Timed("one core busy, a thread a core", 2, 900, 0.01)


def test_a_training_is_timed_beside_a_busy_process(tmp_path: Path) -> None:
    synthesise(tmp_path / "faces", count=8, seed=0, val=2, test=1)
    with busy_core():
        row = timed("busy", tmp_path / "faces", tmp_path / "run", 4, 1)
    assert row.threads == 1
    assert row.milliseconds > 0
    assert 0 < row.validation < 1


def test_what_misses_the_goals_is_named() -> None:
    assert faults([QUIET, BUSY, ALL], cores=2) == []
    assert faults([QUIET, replace(BUSY, milliseconds=301), ALL], cores=2) == [
        "beside a busy process a step takes 3.01 times; at most 3.00"
    ]
    assert faults([QUIET, replace(BUSY, milliseconds=180), ALL], cores=8) == [
        "beside a busy process a step takes 1.80 times; at most 1.71"
    ]
    assert faults([replace(QUIET, validation=0.06), BUSY, ALL], cores=2) == [
        "validation and pictures take 6.0%; at most 5%"
    ]
