"""The running command, as records keep it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from priorsr.text import as_unicode


def command_line() -> str:
    """Return the running command, as records keep it."""
    return shlex.join([Path(sys.argv[0]).name, *map(as_unicode, sys.argv[1:])])
