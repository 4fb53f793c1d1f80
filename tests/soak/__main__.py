"""Damage files, kill commands and give them odd paths, by the hundred; count, and exit with 1 if any is at fault."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.soak import kills, mutating, paths
from tests.soak.processes import prepare


def tell(line: str) -> None:
    """Print progress."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
parser.add_argument("--mutants", type=int, default=1_000, help="how many files to damage")
parser.add_argument("--kills", type=int, default=50, help="how many times to kill")
parser.add_argument("--seed", type=int, default=0, help="draws the mutants, and the kills' moments")
parser.add_argument("--mutant", type=int, help="only the mutant of that number")
parser.add_argument("--kill", type=int, help="only the kill of that number")
parser.add_argument("--first", type=int, default=0, help="the number of the first mutant, and of the first kill")
parser.add_argument("--paths", action=argparse.BooleanOptionalAction, default=True, help="give odd paths, all of them")
parser.add_argument("--folder", type=Path, help="for the files, and keeps them; a temporary one unless given")
given = parser.parse_args()

one = given.mutant is not None or given.kill is not None
mutants = [given.mutant] if given.mutant is not None else range(given.first, given.first + given.mutants * (not one))
numbers = [given.kill] if given.kill is not None else range(given.first, given.first + given.kills * (not one))
prepare()
with tempfile.TemporaryDirectory() as temporary:
    folder = given.folder or Path(temporary)
    faults = []
    if mutants:
        damaged = mutating.soak(folder, mutants, given.seed, real_every=50, tell=tell)
        sys.stdout.write(f"{damaged}\n")
        faults += damaged.faults
    if numbers:
        killed = kills.soak(folder, numbers, given.seed, real_every=10, tell=tell)
        sys.stdout.write(f"{killed}\n")
        faults += killed.faults
    if given.paths and not one:
        odd = paths.soak(folder, paths.cases(), tell=tell)
        sys.stdout.write(f"{odd}\n")
        faults += odd.faults
sys.exit(bool(faults))
