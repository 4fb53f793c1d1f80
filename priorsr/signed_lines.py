"""Lines of JSON, each after its hash, which several processes append to a file, even if one dies meanwhile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from priorsr.files import append
from priorsr.infinity import json_value
from priorsr.reading.content import read_content
from priorsr.reading.json_files import decode

MOST_BYTES = 2**32


def add_line(path: Path, value: Any) -> None:
    """Add a value to the file; infinity is "inf" there. Raises DataError where the file system refuses."""
    append(path, signed_line(value))


def signed_line(value: Any) -> bytes:
    """Return the line that `add_line` writes. It begins with a line end, for the case that a torn line is before it."""
    content = json.dumps(json_value(value)).encode()
    return b"\n" + hashlib.sha256(content).hexdigest().encode() + b" " + content + b"\n"


def read_lines(path: Path) -> Iterator[Any]:
    """Yield the values of a file's lines in their order, without those that are torn, altered or no JSON.

    Raises DataError for a pipe, a device or a folder, and a file that is too large.
    """
    for line in read_content(path, "the lines of unfinished work", MOST_BYTES).splitlines():
        digest, _, content = line.partition(b" ")
        if digest == hashlib.sha256(content).hexdigest().encode():
            with suppress(ValueError):
                yield decode(content.decode())
