"""Time trainings beside a busy process, by the chosen number of threads and by all. python -m benchmarks.busy

Trains KDFSRNet's `nano` student on drawn faces by `priorsr train`, each time in a process of its own: on a quiet
machine, and while one other process keeps a core busy; by the threads that `train` chooses, and by one thread a core.
Prints a table: milliseconds a step (median), the ratio to the quiet run, and the share of validation and pictures.
Ends with an error if the busy run takes more than SHARE times its share of the cores, or validation more than 5 %.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.table import Table

from priorsr.terminal import Terminal
from priorsr.training.metrics_file import StepLine, ValidationLine, read_lines

SHARE = 1.5  # cores slow each other down a little, beyond the core that is gone
VALIDATION = 0.05
SPIN = "while True: pass"


@dataclass(frozen=True)
class Timed:
    """A run: its threads, the median time of a step in milliseconds, and the share of validation in its time."""

    name: str
    threads: int
    milliseconds: float
    validation: float


@contextmanager
def busy_core() -> Iterator[None]:
    """Keep one core busy by another process."""
    spinning = subprocess.Popen([sys.executable, "-c", SPIN])
    try:
        yield
    finally:
        spinning.kill()
        spinning.wait()


def timed(name: str, faces: Path, out: Path, steps: int, threads: int | None) -> Timed:
    """Train in a process of its own, and return what its metrics hold."""
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    command = [sys.executable, "-m", "priorsr.cli.main", "train", "kdfsrnet", "--preset", "nano"]
    command += ["--set", "distil=false", "--data", str(faces), "--out", str(out), "--steps", str(steps)]
    command += ["--threads", str(threads)] if threads else []
    subprocess.run(command, check=True, capture_output=True, env=environment)
    lines, _ = read_lines(out / "metrics.jsonl")
    steps_took = [line.seconds for line in lines if isinstance(line, StepLine)]
    validations = sum(line.seconds for line in lines if isinstance(line, ValidationLine))
    spent = median(steps_took) * steps
    config = json.loads((out / "config.json").read_text())
    return Timed(name, config["threads"], 1000 * median(steps_took), validations / (spent + validations))


def compare(folder: Path, steps: int, faces: int) -> list[Timed]:
    """Train on a quiet machine and beside a busy process, by the chosen threads and by one thread a core."""
    drawn = folder / "faces"
    subprocess.run(
        [sys.executable, "-m", "priorsr.cli.main", "data", "synth", str(drawn), "--count", str(faces)],
        check=True,
        capture_output=True,
    )
    rows: list[Timed] = []
    few = max(20, steps // 10)  # since such steps can take ten times as long and more
    for name, beside, length, threads in (
        ("quiet", nullcontext, steps, None),
        ("one core busy", busy_core, steps, None),
        ("one core busy, a thread a core", busy_core, few, os.cpu_count()),
    ):
        with beside():
            rows.append(timed(name, drawn, folder / f"run-{len(rows)}", length, threads))
    return rows


def faults(rows: list[Timed], cores: int) -> list[str]:
    """Return a sentence for each goal that was missed."""
    quiet, busy, _ = rows
    allowed = SHARE * cores / max(1, cores - 1)
    ratio = busy.milliseconds / quiet.milliseconds
    found = [] if ratio <= allowed else [f"beside a busy process a step takes {ratio:.2f} times; at most {allowed:.2f}"]
    if quiet.validation > VALIDATION:
        found.append(f"validation and pictures take {quiet.validation:.1%}; at most {VALIDATION:.0%}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100, help="of each training but the last, which has a tenth")
    parser.add_argument("--faces", type=int, default=300, help="drawn for the trainings")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = compare(Path(folder), given.steps, given.faces)
    table = Table("training", "threads", "ms a step", "ratio", "validation and pictures")
    for row in rows:
        ratio = row.milliseconds / rows[0].milliseconds
        table.add_row(row.name, str(row.threads), f"{row.milliseconds:.0f}", f"{ratio:.2f}", f"{row.validation:.1%}")
    Terminal().print(table)
    sys.exit("\n".join(faults(rows, os.cpu_count() or 1)) or 0)


if __name__ == "__main__":
    main()
