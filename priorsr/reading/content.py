"""Read the bytes of a file, up to a limit."""

from __future__ import annotations

import stat
from pathlib import Path

from priorsr.errors import DataError


def check_file(path: Path, expected: str, most: int) -> int:
    """Return a file's size in bytes.

    Raises DataError, which names what was expected, if the file is missing, larger than `most` bytes, or a folder, pipe
    or device, which may never end.
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
    """Return a file's bytes; raises DataError as `check_file` does, and for errors of the system or of memory."""
    size = check_file(path, expected, most)
    try:
        with open(path, "rb") as file:
            return file.read(size)  # reserves all the memory that is requested
    except MemoryError:
        raise DataError(f"{path}: has {size:,} bytes, for which there is no memory; {expected} was expected") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({_reason(error)}); {expected} was expected") from error


def no_file(mode: int) -> str:
    """Return the kind of path that has this mode, such as a folder; empty for a file."""
    if stat.S_ISREG(mode):
        return ""
    return "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
