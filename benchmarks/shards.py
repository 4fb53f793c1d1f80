"""Rates and memory of shards: written from a drawn face set, and one epoch read. python -m benchmarks.shards

Prints a table in Markdown. Each part runs in a process of its own, whose peak of memory is its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from priorsr.data import FaceSet, ShardLoader, ShardSet, shard, synthesise
from priorsr.data.ahead import AheadLoader

BATCH = 16
PARTS = ("write", "read", "read by 1 worker", "read by 2 workers", "in order")
COLUMNS = ("part", "faces", "seconds", "CPU s", "faces/s", "MB/s", "peak MB")


class RepeatedSet(FaceSet):
    """A face set whose faces of `train` are listed again under other ids, until there are `faces`."""

    def __init__(self, whole: FaceSet, faces: int) -> None:
        self.whole = whole
        drawn = whole.ids("train")
        ids = tuple(f"{drawn[number % len(drawn)]}-{number // len(drawn):04d}" for number in range(faces))
        super().__init__(whole.path, whole.manifest, {"train": ids})

    def has_parsing_of(self, face: str) -> bool:
        return self.whole.has_parsing_of(_drawn(face))

    def landmarks(self, face: str):  # type: ignore[no-untyped-def]
        return self.whole.landmarks(_drawn(face))

    def content(self, name: str) -> bytes:
        part, _, file = name.partition("/")
        return self.whole.content(f"{part}/{_drawn(file.removesuffix('.png'))}.png")


def _drawn(face: str) -> str:
    return face.rpartition("-")[0]


def run(part: str, work: Path, faces: int) -> Mapping[str, float]:
    """Run one part, and return its faces, bytes, seconds and peak of memory."""
    out, began = work / "shards", time.perf_counter()
    if part == "write":
        source = RepeatedSet(FaceSet.open(work / "faces"), faces)
        began = time.perf_counter()
        shard(source, out, shard_faces=10_000)
        seen = faces
    elif part == "in order":
        seen = sum(len(batch.ids) for batch in ShardLoader(ShardSet.open(out), "train", batch_size=BATCH))
    else:
        workers = int(part.split()[2]) if " by " in part else 0
        loader = ShardLoader(ShardSet.open(out), "train", batch_size=BATCH)
        batches = AheadLoader(loader, workers) if workers else loader
        seen = sum(len(batches.batch(step).ids) for step in range(loader.steps_per_epoch))
        del batches  # ends the workers, whose use is then counted
    seconds = time.perf_counter() - began
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    size = sum(file.bytes for file in ShardSet.open(out).split("train").shards)
    return {
        "faces": seen,
        "bytes": size,
        "seconds": seconds,
        "cpu_seconds": sum(each.ru_utime + each.ru_stime for each in used),
        "peak_kilobytes": max(each.ru_maxrss for each in used),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shards", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--faces", type=int, default=100_000, help="faces in shards")
    parser.add_argument("--distinct", type=int, help="drawn faces, which are repeated (default: all are drawn)")
    parser.add_argument("--size", type=int, default=64, help="pixels a side")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--work", type=Path, required=True, help="a folder for faces and shards")
    parser.add_argument("--one", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        print(json.dumps(run(options.one, options.work, options.faces)))
        return 0
    distinct = options.distinct or options.faces + 64
    synthesise(options.work / "faces", count=distinct, seed=0, size=options.size, val=64, test=0)
    print(f"| {' | '.join(COLUMNS)} |\n|---|{'---:|' * (len(COLUMNS) - 1)}", flush=True)
    for part in options.parts:
        command = [sys.executable, "-m", "benchmarks.shards", "--work", options.work, "--faces", str(options.faces)]
        found = json.loads(subprocess.run([*command, "--one", part], check=True, stdout=subprocess.PIPE).stdout)
        rate, megabytes = found["faces"] / found["seconds"], found["bytes"] / 1e6 / found["seconds"]
        times = f"{found['seconds']:.0f} | {found['cpu_seconds']:.0f}"
        cells = (f"{found['faces']:,}", times, f"{rate:,.0f}", f"{megabytes:.1f}")
        print(f"| {part} | {' | '.join(cells)} | {found['peak_kilobytes'] / 1e3:,.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
