"""`python -m tests.soak`: run mutants, print how they fared, and exit with 1 if any fault was found."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.soak.soaking import soak

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--count", type=int, default=1_000, help="mutants")
parser.add_argument("--seed", type=int, default=0, help="draws them")
parser.add_argument("--folder", type=Path, help="for the files; a temporary one unless given")
given = parser.parse_args()
with tempfile.TemporaryDirectory() as temporary:
    tally = soak(given.folder or Path(temporary), given.count, given.seed)
sys.stdout.write(f"{tally}\n")
sys.exit(bool(tally.faults))
