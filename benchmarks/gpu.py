"""Measure the kernels and the four networks on a GPU, in under eight minutes: python -m benchmarks.gpu

Writes JSON and a Markdown table under benchmarks/results/DEVICE/ after each section, so that a run that is stopped
loses one section at most. Each section is a process of its own with a share of the time: one that fails, or is not done
in its time, is named as unfinished, keeps its rows, and does no harm to the others. Without a GPU, or with --small,
everything runs at sizes that show only that it works.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

import torch

import priorsr
from benchmarks.cases import kernels
from benchmarks.cases.kernels import KernelCase
from benchmarks.cases.systems import system_cases
from benchmarks.goals import goals
from benchmarks.measure.context import Context
from benchmarks.measure.report import Report, Row, device_name, write
from benchmarks.sections.attention import attention_section
from benchmarks.sections.ceilings import ceilings
from benchmarks.sections.kernels import kernel_section
from benchmarks.sections.systems import system_section
from priorsr.bench.running.environment import environment

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
BUILDERS: dict[str, Callable[[int, int], KernelCase]] = {
    "landmark_fusion": kernels.landmark_fusion,
    "channel_gate": kernels.channel_gate,
    "landmark_heatmap_max": kernels.landmark_heatmap_max,
    "landmark_heatmap_mse": kernels.landmark_heatmap_mse,
}

SECONDS = 450.0
SHARES = {  # of the seconds; what a section does not use goes to those after it
    "ceilings": 2,
    "landmark_fusion": 5,
    "channel_gate": 5,
    "landmark_heatmap_max": 4,
    "landmark_heatmap_mse": 4,
    "parsing_attention": 10,
    "kdfsrnet": 7,
    "dic": 10,
    "pfsr": 6,
    "pkdn": 7,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 if a section failed or an operation was wrong."""
    options = _parser().parse_args(arguments)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    small = options.small or device.type == "cpu"
    if options.section:
        found = section(options.section, device, small, options.deadline, options.parts)
        _append(found, options.section, options.parts)
        return 0
    where = environment(device)
    folder = options.out or RESULTS / device_name(where)
    started = time.monotonic()
    rows: list[Row] = []
    unfinished: list[str] = []
    with tempfile.TemporaryDirectory() as made:
        parts = Path(made)
        for index, name in enumerate(SHARES):
            left = options.seconds - (time.monotonic() - started)
            seconds = left * SHARES[name] / sum(list(SHARES.values())[index:])
            print(f"{name}: up to {seconds:.0f} s", file=sys.stderr, flush=True)
            failure = (_here if small else _apart)(name, device, time.monotonic() + seconds, parts)
            rows += _read(name, parts)
            unfinished += [f"{name}: {failure}"] if failure else []
            report = Report(
                command="python -m benchmarks.gpu" + (" --small" if small else ""),
                small=small,
                commit=_commit(),
                priorsr=priorsr.__version__,
                triton=_triton(),
                environment=where,
                seconds=time.monotonic() - started,
                unfinished=tuple(unfinished),
                rows=tuple(rows),
                goals=goals(rows, [case for op in BUILDERS for case in cases(op)], where.gpu or where.cpu, small=small),
            )
            write(report, folder)
    print(folder / "gpu.md")
    wrong = [row for row in rows if row.note.startswith(("failed", "not timed"))]
    for row in wrong:
        print(f"{row.case}, {row.variant}: {row.note}", file=sys.stderr)
    for sentence in unfinished:
        print(sentence, file=sys.stderr)
    return 1 if unfinished or any(row.variant in ("ours", "accelerated") for row in wrong) else 0


def cases(op: str, *, small: bool = False) -> tuple[KernelCase, ...]:
    """Return the shapes of an operation, the most important first, since time may run out."""
    build = BUILDERS[op]
    if small:
        return (build(2, 8),)
    found = [build(batch, side) for batch, side in ((64, 128), (64, 32), (64, 64), (1, 128), (1, 32))]
    if op == "landmark_heatmap_max":
        found.insert(1, kernels.landmark_heatmap_max(64, 128, landmarks=194))
    return tuple(found)


def section(name: str, device: torch.device, small: bool, deadline: float, parts: Path) -> Iterator[Row]:
    """Yield the rows of a section as they are measured; the ceilings are those in the folder of parts.

    deadline: `time.monotonic()` at which to be done, which is the same in every process.
    """
    system = next((case for case in system_cases(small=small) if case.name == name), None)
    context = Context(device, small, deadline, queued=system is None)
    for row in _read("ceilings", parts):
        context.learn(row)
    if name == "ceilings":
        return ceilings(context)
    if name == "parsing_attention":
        return attention_section(context)
    if system is not None:
        return system_section(context, system)
    return kernel_section(context, cases(name, small=small))


def _here(name: str, device: torch.device, deadline: float, parts: Path) -> str | None:
    """Run a section in this process; return why it failed, if it did."""
    try:
        _append(section(name, device, True, deadline, parts), name, parts)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def _apart(name: str, device: torch.device, deadline: float, parts: Path) -> str | None:  # noqa: ARG001  # finds it itself
    """Run a section in another process, ended when its time is up; return why it did not end by itself."""
    command = [sys.executable, "-m", "benchmarks.gpu", "--section", name]
    command += ["--deadline", str(deadline), "--parts", str(parts)]
    seconds = deadline - time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return f"not done in its {seconds:.0f} s"
    return f"ended with code {done.returncode}" if done.returncode else None


def _append(rows: Iterator[Row], name: str, parts: Path) -> None:
    """Keep each row as it comes."""
    with open(parts / f"{name}.jsonl", "a", encoding="utf-8") as file:
        for row in rows:
            file.write(row.model_dump_json() + "\n")
            file.flush()


def _read(name: str, parts: Path) -> list[Row]:
    """Return the complete rows that a section kept, without one that was cut off when its process ended."""
    path = parts / f"{name}.jsonl"
    if not path.exists():
        return []
    return [
        Row.model_validate_json(line)
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True)
        if line.endswith("\n")
    ]


def _commit() -> str:
    """Return the checked-out commit, with a + if files differ from it; "unknown" outside a repository."""
    command = ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _triton() -> str:
    """Return the version of Triton, or "none"."""
    try:
        return metadata.version("triton")
    except metadata.PackageNotFoundError:
        return "none"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--small", action="store_true", help="only see that everything runs; so without a GPU")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for all of it (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="a folder (default: benchmarks/results/DEVICE)")
    parser.add_argument("--section", choices=SHARES, help=argparse.SUPPRESS)
    parser.add_argument("--deadline", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--parts", type=Path, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
