from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from priorsr.bench.executors.tasks import run_tasks

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for `import work`, here and in spawned processes


@pytest.fixture
def printed() -> io.StringIO:
    """Return the text that `carried_out` prints, as it grows."""
    return io.StringIO()


@pytest.fixture
def carried_out(tmp_path: Path, printed: io.StringIO) -> Callable[..., list[Any]]:
    """Carry out tasks by an executor, in tmp_path."""

    def run(tasks: Sequence[Any], executor: Executor) -> list[Any]:
        console = Console(file=printed, width=200)
        return run_tasks(tasks, executor, out=tmp_path, what="work", unit="steps", console=console)

    return run
