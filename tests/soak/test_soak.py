"""A few of the mutants of `make soak`: each is refused in one sentence that names the file, or changes nothing."""

from __future__ import annotations

from pathlib import Path

from tests.soak.soaking import soak
from tests.soak.world import TARGETS


def test_mutants_are_refused_by_name_or_change_nothing(tmp_path: Path) -> None:
    tally = soak(tmp_path, len(TARGETS), seed=1)
    assert tally.faults == [], str(tally)
    assert sum(tally.refused.values()) > len(TARGETS) // 3
