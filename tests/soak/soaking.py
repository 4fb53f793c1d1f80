"""Runs commands over mutants: each must be refused in one sentence, or give the original's result."""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.world import Target, draws, make_world

SECONDS = 60  # after which a command hangs


@dataclass
class Tally:
    """How the mutants fared; `faults` are sentences on those that must be mended."""

    refused: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        rows = [f"{'file':42} refused  same"]
        rows += [
            f"{name:42} {self.refused[name]:7} {self.same[name]:5}" for name in sorted({*self.refused, *self.same})
        ]
        total = sum(self.refused.values()) + sum(self.same.values())
        return "\n".join([*rows, f"{total} of {total + len(self.faults)} as they should be", *self.faults])


def soak(folder: Path, count: int, seed: int) -> Tally:
    """Run as many mutants in a folder; the same seed gives the same ones."""
    world, tally, originals = folder / "world", Tally(), dict[Any, Any]()
    if not world.exists():
        make_world(world)
    place = folder / "mutant"
    for number, (target, command, dice) in enumerate(draws(count, seed)):
        if (key := (command, target.result)) not in originals:
            _copy(world, place)
            code, out, err = _run(command, place)
            assert code == 0, f"{command}: {err}"
            originals[key] = target.result(out, place)
        _copy(world, place)
        path = dice.choice(sorted(place.glob(target.glob)))
        before = path.read_bytes()
        what = target.mutate(dice, path)
        if path.read_bytes() == before:
            continue
        code, out, err = _run(command, place)
        name = f"{target.glob}: {command.partition(' --')[0]}"
        problem = _problem(code, out, err, path, target, originals[key], place)
        if problem:
            tally.faults.append(
                f"seed {seed}, mutant {number}, {path.relative_to(place)}, {what}: {command}: {problem}"
            )
        else:
            (tally.refused if code else tally.same)[name] += 1
    return tally


def _problem(code: int, out: str, err: str, path: Path, target: Target, original: Any, place: Path) -> str:
    """What is wrong with an outcome, or nothing."""
    if code not in (0, 2):
        return f"exit code {code}: {err[-2_000:]}"
    odd = {char for char in out + err if not (char.isprintable() or char == "\n")}
    if odd:
        return f"prints {sorted(odd)!r}"
    if code == 2:
        if out.strip():  # what was found is listed
            return ""
        last = err.strip().splitlines()[-1:] or [""]
        named = any(part in last[0] for part in (path.name, path.parent.name))
        return "" if last[0].startswith("error: ") and named else f"refused without its name: {err[-300:]}"
    found = target.result(out, place)
    if isinstance(found, dict) and isinstance(original, dict):  # by what identifies a result
        return next(
            (
                f"{key}: {found[key]}, not {original[key]}"
                for key in found
                if found[key] != original.get(key, found[key])
            ),
            "",
        )
    return "" if found == original else f"silently another result: {found}, not {original}"


def _copy(world: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(world, place)


def _run(command: str, place: Path) -> tuple[int, str, str]:
    """Run a command in a folder, in this process: exit code (1: a traceback, 3: a hang), stdout and stderr."""
    from priorsr.cli.main import main

    out, err, arguments = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["priorsr", *command.replace("OUT", "out").split()]
    try:
        with chdir(place), redirect_stdout(out), redirect_stderr(err), _within(SECONDS):
            main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    except TimeoutError:
        return 3, out.getvalue(), f"hangs for more than {SECONDS} s"
    except BaseException:
        return 1, out.getvalue(), traceback.format_exc()
    finally:
        sys.argv = arguments
    return code, out.getvalue(), err.getvalue()


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    def end(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


os.environ.setdefault("OMP_NUM_THREADS", "1")
