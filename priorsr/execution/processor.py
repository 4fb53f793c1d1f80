"""The processor of this machine."""

from __future__ import annotations

import platform
from functools import lru_cache
from pathlib import Path


@lru_cache
def processor() -> str:
    """Return the type of the processor, as the system calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
