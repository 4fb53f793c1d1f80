"""The bytes of a file, within bounds."""

from __future__ import annotations

import stat
from pathlib import Path

from priorsr.errors import DataError


def check_file(path: Path, expected: str, most: int) -> int:
    """Return a file's size in bytes.

    Raises DataError, with what was expected, if there is none, or it is a folder, a pipe or a device, which may never
    end, or larger than `most` bytes.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; {expected} was expected") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise DataError(f"{path}: cannot be read ({_reason(error)}); {expected} was expected") from None
    if what := no_file(found.st_mode):
        raise DataError(f"{path}: is {what}; {expected} was expected")
    if found.st_size > most:
        raise DataError(f"{path}: has {found.st_size:,} bytes; {expected} of at most {most:,} bytes was expected")
    return found.st_size


def read_content(path: Path, expected: str, most: int) -> bytes:
    """Return a file's bytes; raises DataError as `check_file` does, and where system or memory refuses."""
    size = check_file(path, expected, most)
    try:
        with open(path, "rb") as file:
            return file.read(size)  # reserves as much memory as it is asked for
    except MemoryError:
        raise DataError(f"{path}: has {size:,} bytes, for which there is no memory; {expected} was expected") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({_reason(error)}); {expected} was expected") from error


def no_file(mode: int) -> str:
    """Return the kind of a path of this mode, such as a folder; empty for a file."""
    if stat.S_ISREG(mode):
        return ""
    return "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
