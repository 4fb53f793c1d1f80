"""`python -m tests.soak.kills`: kill training, scoring and importing, go on, and compare with unbroken runs.

A work is killed at a random moment of it by SIGKILL, SIGINT or SIGTERM, and the same command goes on. What it leaves
must be what an unbroken run leaves, bit for bit but for clocks, and nothing half-written beside. Exits with 1 if
anything differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "training"), str(ROOT / "bench")]  # for the tests' own recipes and models

SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
SECONDS = 300  # after which a command hangs
CLOCKS = {"seconds", "data_share", "started", "command", "measured_seconds", "created", "latency", "cost"}


@dataclass(frozen=True)
class Work:
    """A command that writes to OUT; `resume` is added to go on. facts: what it leaves, by name."""

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

    A checkpoint tells where the metrics end, whose length depends on clocks, and the hash of its tensors.
    """
    found = left(out)
    checkpoints = sorted(name for name in found if name.startswith("checkpoints/"))
    last = {name.split("/")[1].rpartition("-")[0]: name.split("/")[1] for name in checkpoints}
    for name in checkpoints:
        if name.split("/")[1] not in last.values():
            del found[name]
        elif name.endswith(".json"):
            del found[name]["metrics_end"]
    return found


WORKS = {
    "training": Work(
        "train toy-distilled --data TOYS --out OUT --steps 60 --set seconds=0.01 --log-every 2 --validate-every 20 "
        "--checkpoint-seconds 0.2",
        trained,
        resume="--resume",
    ),
    "scoring": Work(
        "bench run --model slow --data CLOUDS --split val --protocol pfsr@1 dic@1 --batch-size 2 --out OUT", left
    ),
    "importing": Work("data import folder IMAGES OUT --size 64", left),
}


def make_world(folder: Path) -> dict[str, Path]:
    """What the commands read."""
    import toys
    from doubles import cloud, clouds
    from PIL import Image

    toys.make_faces(folder / "toys")
    clouds(folder / "clouds", count=12)
    for index in range(120):
        path = folder / "images" / ("val" if index < 20 else "train") / "images" / f"{index:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(cloud(index).image).save(path)
    return {"TOYS": folder / "toys", "CLOUDS": folder / "clouds", "IMAGES": folder / "images"}


def start(words: Sequence[str], log: Path) -> int:
    """Start the command line in a process of its own, forked, so that all of its time is work; return its id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        said = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        sys.argv = ["priorsr", *words]
        from priorsr.cli.main import main

        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def end(child: int, seconds: float) -> int | None:
    """Return a process's exit code, negative for a signal; None if it has not ended within the seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    return None


def finished(words: Sequence[str], log: Path) -> str:
    """Run a command to its end; return what is wrong with that, or nothing."""
    child = start(words, log)
    code = end(child, SECONDS)
    if code is None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return f"hangs for more than {SECONDS} s"
    return "" if code == 0 else f"exit code {code}: {log.read_text()[-1_000:]}"


def difference(ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    """What differs first from an unbroken run, or nothing."""
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in ours or name not in theirs:
            return f"{name} is {'missing' if name not in ours else 'left behind'}"
        if ours[name] != theirs[name]:
            return f"{name} differs"
    return ""


def soak(folder: Path, count: int, seed: int) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Kill works `count` times; return the kills by work and signal, and what went wrong."""
    import toys  # noqa: F401, I001  # registers recipes; all that the commands import, so that a fork's time is work
    import slow  # noqa: F401
    import torch
    from priorsr import bench, training
    from priorsr.data.importers import folder as _  # noqa: F401

    assert bench.run
    assert training.train
    torch.set_num_threads(1)
    os.environ["PRIORSR_TEST_SECONDS"] = "0.05"
    places = make_world(folder / "world")
    dice, kills, faults = random.Random(seed), Counter[tuple[str, str]](), list[str]()
    whole, lengths = dict[str, dict[str, Any]](), dict[str, float]()
    for name, work in WORKS.items():
        began = time.monotonic()
        wrong = finished(_words(work, places, folder / name), folder / "log")
        assert not wrong, f"{name}, unbroken: {wrong}"
        whole[name], lengths[name] = work.facts(folder / name), time.monotonic() - began
    while sum(kills.values()) < count:
        number = sum(kills.values())
        name, work = list(WORKS.items())[number % len(WORKS)]
        sent, moment = SIGNALS[number // len(WORKS) % len(SIGNALS)], dice.uniform(0, lengths[name])
        out, log = folder / f"{number:03}", folder / f"{number:03}.log"
        child = start(_words(work, places, out), log)
        if end(child, moment) is not None:
            _clear(out)  # it was quicker than the unbroken one; another moment is drawn
            continue
        os.kill(child, sent)
        code = end(child, SECONDS)
        kills[name, sent.name] += 1
        case = f"seed {seed}, kill {number}, {name} by {sent.name} after {moment:.2f} s"
        said = log.read_text()
        if code is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            faults.append(f"{case}: does not end")
        elif "Traceback" in said:
            faults.append(f"{case}: ends in a traceback: {said[-1_000:]}")
        wrong = finished([*_words(work, places, out), *work.resume.split()], log)
        wrong = wrong or difference(work.facts(out), whole[name])
        if wrong:
            faults.append(f"{case}: {wrong}")
        _clear(out)
    return kills, faults


def _words(work: Work, places: dict[str, Path], out: Path) -> list[str]:
    return [str({**places, "OUT": out}.get(word, word)) for word in work.command.split()]


def _clear(out: Path) -> None:
    import shutil

    shutil.rmtree(out, ignore_errors=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=50, help="kills")
    parser.add_argument("--seed", type=int, default=0, help="draws their moments")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        kills, faults = soak(Path(temporary), given.count, given.seed)
    for (work_name, signal_name), number in sorted(kills.items()):
        sys.stdout.write(f"{work_name:10} {signal_name:8} {number:3}\n")
    sys.stdout.write(f"{sum(kills.values())} kills, {len(faults)} faults\n")
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    sys.exit(bool(faults))
