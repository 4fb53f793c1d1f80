"""Kills of training, scoring and importing: the work goes on, and ends as an unbroken run does.

A work is killed at a random moment of it by SIGKILL, SIGINT or SIGTERM, and the same command goes on. What it leaves
must be what an unbroken run leaves, bit for bit but for clocks, and nothing half-written beside.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.processes import SECONDS, end, kill, outcome, run, start

SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
CLOCKS = {"seconds", "data_share", "started", "command", "measured_seconds", "created", "latency", "cost"}


@dataclass(frozen=True)
class Work:
    """A command that writes to `out`; `resume` is added to go on. facts: what it leaves, by name."""

    command: str
    facts: Callable[[Path], dict[str, Any]]
    resume: str = ""


def without_clocks(value: Any) -> Any:
    """A value of JSON without what depends on the clock."""
    if isinstance(value, dict):
        return {key: without_clocks(item) for key, item in value.items() if key not in CLOCKS}
    return [without_clocks(item) for item in value] if isinstance(value, list) else value


def left(out: Path) -> dict[str, Any]:
    """Every file by its name: its bytes, or of JSON and lines of JSON all but clocks; curves show what metrics hold."""
    found: dict[str, Any] = {}
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        name = path.relative_to(out).as_posix()
        if path.name.endswith(".lock") or path.name == "curves.png":
            continue
        if path.suffix == ".json":
            found[name] = without_clocks(json.loads(path.read_bytes()))
        elif path.suffix == ".jsonl":
            found[name] = [without_clocks(json.loads(line)) for line in path.read_bytes().splitlines()]
        else:
            found[name] = path.read_bytes()
    return found


def trained(out: Path) -> dict[str, Any]:
    """What a training leaves; of its checkpoints the last of each stage, since others are written when the clock says.

    A run that is asked to stop adds a line of metrics there, so that those of steps are means over other steps: what
    validations found is compared. A checkpoint holds where the metrics end, which depends on clocks, and its own hash.
    """
    found = left(out)
    found["metrics.jsonl"] = [line for line in found["metrics.jsonl"] if line["kind"] == "validation"]
    checkpoints = sorted(name for name in found if name.startswith("checkpoints/"))
    last = {name.split("/")[1].rpartition("-")[0]: name.split("/")[1] for name in checkpoints}
    for name in checkpoints:
        if name.split("/")[1] not in last.values():
            del found[name]
        elif name.endswith(".json"):
            del found[name]["metrics_end"], found[name]["facts_sha256"]
    return found


WORKS = {
    "training": Work(
        "train toy-distilled --data ../toys --out out --steps 60 --set seconds=0.01 --log-every 2 --validate-every 20 "
        "--checkpoint-seconds 0.2",
        trained,
        resume="--resume",
    ),
    "scoring": Work(
        "bench run --model slow --data ../clouds --split val --protocol pfsr@1 dic@1 --batch-size 2 --out out", left
    ),
    "importing": Work("data import folder ../images out --size 64", left),
}


@dataclass
class Tally:
    """Kills by work and signal, how much of each work's files was there at a kill, and what went wrong."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    untouched: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        rows = [f"{'killed':10} {'by':8} times  before its first file"]
        rows += [
            f"{work:10} {sent:8} {self.kills[work, sent]:5} {self.untouched[work, sent]:22}"
            for work, sent in sorted(self.kills)
        ]
        return "\n".join([*rows, f"{sum(self.kills.values())} kills, {len(self.faults)} faults", *self.faults])


def soak(
    folder: Path, numbers: Iterable[int], seed: int, *, real_every: int, tell: Callable[[str], None] = lambda _: None
) -> Tally:
    """Kill the works of those numbers; every so many is a real process, the others are forks."""
    folder = folder / "kills"
    os.environ["PRIORSR_TEST_SECONDS"] = "0.05"
    if not folder.exists():
        _make_world(folder)
    tally, unbroken = Tally(), dict[tuple[str, bool], tuple[dict[str, Any], float]]()
    for done, number in enumerate(numbers, 1):
        name, work = list(WORKS.items())[number % len(WORKS)]
        sent = SIGNALS[number // len(WORKS) % len(SIGNALS)]
        real, dice = number % real_every == real_every - 1, random.Random(f"{seed}/{number}")
        if (name, real) not in unbroken:
            unbroken[name, real] = _unbroken(work, folder, real)
        expected, length = unbroken[name, real]
        place = folder / f"{number:03}"
        moment, problem = _killed(work, place, sent, dice, length, real)
        tally.kills[name, sent.name] += 1
        tally.untouched[name, sent.name] += not any((place / "out").rglob("*"))
        problem = problem or _goes_on(work, place, expected, real)
        if problem:
            tally.faults.append(f"seed {seed}, kill {number}, {name} by {sent.name} after {moment:.2f} s: {problem}")
            tell(tally.faults[-1])
        shutil.rmtree(place)
        if done % 5 == 0:
            tell(f"{done} kills, {len(tally.faults)} faults")
    return tally


def _make_world(folder: Path) -> None:
    import toys
    from doubles import cloud, clouds
    from PIL import Image

    toys.make_faces(folder / "toys")
    clouds(folder / "clouds", count=12)
    for index in range(120):
        path = folder / "images" / ("val" if index < 20 else "train") / "images" / f"{index:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(cloud(index).image).save(path)


def _unbroken(work: Work, folder: Path, real: bool) -> tuple[dict[str, Any], float]:
    """Return what a work leaves when nothing kills it, and how long it takes."""
    place = folder / "unbroken"
    place.mkdir()
    began = time.monotonic()
    ended = run(work.command.split(), place, real=real)
    length = time.monotonic() - began
    assert ended.code == 0, ended.err
    facts = work.facts(place / "out")
    shutil.rmtree(place)
    return facts, length


def _killed(
    work: Work, place: Path, sent: signal.Signals, dice: random.Random, length: float, real: bool
) -> tuple[float, str]:
    """Kill a work at a moment that it reaches; return the moment, and what was wrong with the end."""
    while True:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        moment = dice.uniform(0, length)
        child = start(work.command.split(), place, real=real)
        code = end(child, moment)
        if code is None:
            break
        if code:
            return moment, f"ended by itself: {outcome(place, code)}"
        length *= 0.9  # it was quicker than the unbroken one
    os.kill(child, sent)
    code = end(child, SECONDS)
    if code is None:
        kill(child)
        return moment, "does not end"
    said = outcome(place, code).err
    return moment, f"ends in a traceback: {said[-1_000:]}" if "Traceback" in said else ""


def _goes_on(work: Work, place: Path, expected: dict[str, Any], real: bool) -> str:
    """Run the same command again, to its end; return what is wrong with what it leaves, or nothing."""
    ended = run([*work.command.split(), *work.resume.split()], place, real=real)
    if ended.code != 0:
        return f"does not go on: exit code {ended.code}: {ended.err[-1_000:]}"
    found = work.facts(place / "out")
    for name in sorted(found.keys() | expected.keys()):
        if name not in found or name not in expected:
            return f"{name} is {'missing' if name not in found else 'left behind'}"
        if found[name] != expected[name]:
            return f"{name} differs{_where(found[name], expected[name])}"
    return ""


def _where(ours: Any, theirs: Any) -> str:
    """Return where two values of JSON differ first, and how."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        return next(f": {key}{_where(ours[key], theirs[key])}" for key in ours if ours[key] != theirs[key])
    if isinstance(ours, list) and isinstance(theirs, list):
        lengths = f"{len(ours)} and {len(theirs)} items"
        pairs = enumerate(zip(ours, theirs, strict=False))
        return next((f": {at}{_where(*pair)}" for at, pair in pairs if pair[0] != pair[1]), f": {lengths}")
    return "" if isinstance(ours, bytes) else f": {str(ours)[:200]}, not {str(theirs)[:200]}"
