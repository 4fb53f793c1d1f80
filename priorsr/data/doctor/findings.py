"""A thing that is wrong with a face set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from priorsr.errors import DataError
from priorsr.text import one_line


@dataclass(frozen=True)
class Finding:
    """Something that is wrong. check: what was looked at; where: a file or folder; problem: what it has or is."""

    check: str
    where: str
    problem: str


def finding_of(error: DataError, check: str, path: Path) -> Finding:
    """Return the finding of an error about the file or folder `path`."""
    return Finding(check, str(path), str(error).removeprefix(one_line(f"{path}:")).strip())
