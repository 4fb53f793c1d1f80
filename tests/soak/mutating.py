"""Commands over mutants: each must be refused in one sentence that names the file, or give the original's result."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.archives import EXECUTED
from tests.soak.processes import Outcome, run
from tests.soak.targets import Target, drawn
from tests.soak.world import copy_of, make_world

SECONDS = 300  # after which a command hangs, also on a machine that is busy


@dataclass
class Tally:
    """How the mutants fared, by file and command; `faults` are sentences on those that must be mended."""

    refused: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        names = sorted({*self.refused, *self.same, *self.other})
        rows = [f"{'file: command':56} refused  same  other input"]
        rows += [f"{name:56} {self.refused[name]:7} {self.same[name]:5} {self.other[name]:12}" for name in names]
        refused, same, other = (sum(counts.values()) for counts in (self.refused, self.same, self.other))
        total = refused + same + other + len(self.faults)
        rows.append(f"{total} mutants: {refused} refused by name, {same} with the original's result, {other} read as")
        rows.append(f"another input, {len(self.faults)} faults")
        return "\n".join([*rows, *self.faults])


def soak(
    folder: Path, numbers: Iterable[int], seed: int, *, real_every: int, tell: Callable[[str], None] = lambda _: None
) -> Tally:
    """Run the mutants of those numbers in a folder; every so many a command is a real process, the others are forks."""
    world, place, tally, originals = folder / "world", folder / "mutant", Tally(), dict[Any, Any]()
    if not world.exists():
        make_world(world)
    os.environ["PRIORSR_CACHE"] = str(place / "cached/cache")
    for done, number in enumerate(numbers, 1):
        target, command, dice = drawn(number, seed)
        names = {part.partition("/")[0] for part in (target.glob, *command.split())}
        if target.result and (key := (command, target.result)) not in originals:
            copy_of(world, place, names)
            done_well = run(command.split(), place, seconds=SECONDS)
            assert done_well.code == 0, f"{command}: {done_well.err}"
            originals[key] = target.result(done_well.out, place)
        copy_of(world, place, names)
        path = dice.choice(sorted(place.glob(target.glob)))
        before = path.read_bytes()
        what = target.mutate(dice, path)
        if path.read_bytes() == before:
            continue
        ended = run(command.split(), place, real=number % real_every == real_every - 1, seconds=SECONDS)
        found = _result(target, ended, place)
        original = originals[command, target.result] if target.result else None
        problem = _problem(ended, path, place) or _otherwise(found, original)
        name = f"{target.glob}: {' '.join(word for word in command.split()[:3] if word.isalpha())}"
        if problem:
            tally.faults.append(
                f"seed {seed}, mutant {number}, {path.relative_to(place)}, {what}: priorsr {command}: {problem}"
            )
            tell(tally.faults[-1])
        elif ended.code:
            tally.refused[name] += 1
        else:
            (tally.same if target.result else tally.other)[name] += 1
        if done % 20 == 0:
            tell(f"{done} mutants, {len(tally.faults)} faults")
    shutil.rmtree(place, ignore_errors=True)
    return tally


def _result(target: Target, ended: Outcome, place: Path) -> Any:
    if ended.code or target.result is None:
        return None
    try:
        return target.result(ended.out, place)
    except Exception as error:
        return f"a result that cannot be read ({error!r})"


def _problem(ended: Outcome, path: Path, place: Path) -> str:
    """Return what is wrong with how a command ended, or nothing."""
    code, out, err = ended
    if (place / EXECUTED).exists():
        return "what it holds was executed"
    failed = [line for line in err.splitlines() if line.startswith("failed: ")]
    if code not in (0, 2) and not (code == 1 and failed):
        return f"exit code {code}: {err[-2_000:]}"
    odd = {char for char in out + err if not (char.isprintable() or char == "\n")}
    if odd:
        return f"prints {sorted(odd)!r}"
    if "Traceback" in err:
        return f"prints a traceback: {err[-2_000:]}"
    if code == 0:
        return ""
    if failed:  # of several pictures, one or more
        return "" if path.name in failed[-1] else f"failed without its name: {failed[-1]}"
    if out.strip():  # what was found is listed
        listed = json.loads(out)
        return "" if listed.get("findings") or listed.get("differences") else "nothing is listed"
    last = (err.strip().splitlines() or [""])[-1]
    if not last.startswith("error: "):
        return f"ends without a sentence: {err[-500:]}"
    named = any(part in last for part in (path.name, path.parent.name))
    return "" if named else f"refused without its name: {last}"


def _otherwise(found: Any, original: Any) -> str:
    """Return how a result differs from the original's; nothing where none is compared."""
    if found is None or found == original:
        return ""
    if isinstance(found, dict) and isinstance(original, dict):  # by what identifies a result
        different = {key for key in found if found[key] != original.get(key, found[key])}
        return f"silently another result: {sorted(map(str, different))[:3]}" if different else ""
    return f"silently another result: {str(found)[:300]}, not {str(original)[:300]}"
