"""Read TOML with bounded size, depth and numbers."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from priorsr.errors import DataError
from priorsr.reading.content import read_content
from priorsr.reading.plain_values import check_plain

MOST_BYTES = 2**18
LONGEST_LINE = 4_000  # characters; the time of Python's reader grows with the square of a dotted key's length


def read_toml(path: Path, expected: str = "a TOML file") -> dict[str, Any]:
    """Read a TOML file; raises DataError naming the file, and the field, if it is missing or broken."""
    return parse_toml(read_content(path, expected, MOST_BYTES), path)


def parse_toml(content: str | bytes, where: object) -> dict[str, Any]:
    """Return the content of the TOML file `where`; raises DataError naming it, and the field, if it is broken."""
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
        if max(map(len, text.splitlines()), default=0) > LONGEST_LINE:
            raise ValueError(f"it has a line of more than {LONGEST_LINE:,} characters")
        found = tomllib.loads(text)
    except (RecursionError, MemoryError):
        raise DataError(f"{where}: cannot be read as TOML (it is nested too deep)") from None
    except ValueError as error:  # broken TOML and UTF-8 too
        raise DataError(f"{where}: cannot be read as TOML ({error})") from error
    check_plain(found, where)
    return found
