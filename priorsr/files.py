"""Files that are written whole or not at all, their hashes, and their paths as shown to others."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from priorsr.errors import DataError, MissingExtraError
from priorsr.infinity import json_value
from priorsr.partial_files import reserved
from priorsr.reading.content import check_file, no_file

MOST_BYTES = 2**37  # 128 GiB: a submission of 100,000 faces of 256 pixels as float32 takes 79


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the name `path` when the block ends without an error.

    Readers see the old file or the new one, never a part, also after a power cut. Raises DataError if the file system
    refuses, for example because the disk is full, also inside the block, and if `path` is a folder, a pipe or a device.
    """
    with refusals_told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and (what := no_file(path.stat().st_mode)):
            raise DataError(f"{path}: is {what}; a file to write was expected")
        with reserved(path) as beside:
            mode = stat.S_IMODE(beside.stat().st_mode)
            yield beside
            if stat.S_IMODE(beside.stat().st_mode) != mode:  # a library has put another file there, of its own mode
                beside.chmod(mode)
            with open(beside, "rb") as written:
                os.fsync(written.fileno())
            beside.replace(path)


@contextmanager
def refusals_told(path: Path) -> Iterator[None]:
    """Raise the system's refusals to write the file or folder `path`, such as a full disk's, as DataError.

    A refusal that names another file, such as one that is read, stays unchanged.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None and not _concerns(Path(os.fsdecode(error.filename)), path):
            raise
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from error


def _concerns(other: Path, path: Path) -> bool:
    """Return whether a refusal that names `other` concerns writing `path`: itself, above, below, or beside it."""
    beside = other.parent == path.parent and path.name in other.name
    return beside or other == path or other in path.parents or path in other.parents


def check_folder(path: Path, expected: str) -> None:
    """Raise DataError, with what was expected, if a file, a pipe or a device is where a folder is to be or to be made.

    Permissions and full disks are noticed at the first write.
    """
    there = next(part for part in (path, *path.absolute().parents) if os.path.exists(part))  # noqa: PTH110  # no error
    if not there.is_dir():
        what = no_file(there.stat().st_mode) or "a file"
        raise DataError(f"{there}: is {what}; {expected} was expected")


def append(path: Path, content: bytes) -> None:
    """Add bytes to the end of a file in one piece, so that lines of several processes do not mix.

    Raises DataError where the file system refuses; what it took of them then stays in the file.
    """
    with refusals_told(path), open(path, "ab", buffering=0) as file:
        if file.write(content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def atomic_text(path: Path, text: str) -> None:
    """Write `text` to `path` (UTF-8), whole or not at all."""
    with atomic_path(path) as beside:
        beside.write_text(text, encoding="utf-8")


def atomic_json(path: Path, value: Any) -> None:
    """Write `value` to `path` as readable JSON, whole or not at all; infinity is "inf" there, and NaN is refused."""
    atomic_text(path, json.dumps(json_value(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def home_folder() -> Path | None:
    """Return the user's home folder; None without HOME and an entry in passwd, as in some containers."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def without_home(text: str) -> str:
    """Return a text with the user's home folder as ~, since a published path need not name its owner."""
    home = home_folder()
    if home is None or home == home.parent:
        return text
    return re.sub(rf"{re.escape(str(home))}(?![\w.-])", "~", text)


def sha256_file(path: Path, most: int = MOST_BYTES) -> str:
    """Return the SHA-256 of a file's bytes, in hex; raises DataError as `check_file` does."""
    check_file(path, "a file", most)
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_json(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON (sorted keys, no spaces), in hex."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def require_extra(module: str, extra: str) -> None:
    """Raise MissingExtraError if `module` cannot be found, naming the extra that installs it."""
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise MissingExtraError(f"this needs the package {module!r}: install it with pip install 'priorsr[{extra}]'")
