"""Files in the making: `.NAME.N.part`, locked while their writer lives, so that those of killed processes are known.

Where the file system has no locks, the number is the process's, and nothing is swept.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from priorsr.locks import lock

_PART = re.compile(r"\..+\.\d+\.part")


@contextmanager
def reserved(path: Path) -> Iterator[Path]:
    """Reserve a file beside `path` to write to; when the block ends, it has been renamed, or is removed if that failed.

    Raises OSError where the file system refuses.
    """
    part, descriptor = _reserve(path)
    try:
        yield part
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove the half-written files of killed processes in a folder and below it; those being written stay."""
    for root, _, names in os.walk(folder):
        for name in filter(_PART.fullmatch, names):
            part = Path(root, name)
            with suppress(OSError):  # gone, or somebody else's
                descriptor = os.open(part, os.O_RDWR)
                try:
                    if lock(descriptor) and _is_at(descriptor, part):
                        part.unlink()
                finally:
                    os.close(descriptor)


def _reserve(path: Path) -> tuple[Path, int]:
    """Return the first such file that nobody writes to, locked, and its descriptor."""
    number = count()
    part = path.with_name(f".{path.name}.{next(number)}.part")
    while True:
        try:
            descriptor = os.open(part, os.O_RDWR | os.O_CREAT, 0o666)
        except PermissionError:
            if not part.exists():
                raise
            locked: bool | None = False  # another user's
        else:
            locked = lock(descriptor)
            if locked is None:
                os.close(descriptor)
                part.unlink()
                part = path.with_name(f".{path.name}.{os.getpid()}.part")
                return part, os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
            if locked and _is_at(descriptor, part):
                os.ftruncate(descriptor, 0)
                return part, descriptor
            os.close(descriptor)
        if not locked:  # else it was renamed or swept before it was locked, and can be made again
            part = path.with_name(f".{path.name}.{next(number)}.part")


def _is_at(descriptor: int, path: Path) -> bool:
    """Return whether an open file still has the name `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
