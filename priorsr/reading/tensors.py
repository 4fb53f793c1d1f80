"""Read tensors and metadata of .safetensors, which cannot contain executable code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import safe_open
from torch import Tensor

from priorsr.errors import DataError
from priorsr.reading.content import check_file
from priorsr.reading.recognising import BEGIN, SAFETENSORS, recognised

MOST_BYTES = 2**40
EXPECTED = "a .safetensors"


def read_metadata(path: Path, expected: str = EXPECTED) -> dict[str, str]:
    """Return the metadata of a .safetensors without its tensors; raises DataError for a missing or broken file."""
    with _opened(path, expected) as file:
        return dict(file.metadata() or {})


def read_tensors(path: Path, expected: str = EXPECTED) -> dict[str, Tensor]:
    """Return the tensors of a .safetensors, on the CPU; raises DataError for a file that is missing or broken."""
    with _opened(path, expected) as file:
        return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # no mapping


@contextmanager
def _opened(path: Path, expected: str) -> Iterator[Any]:
    check_file(path, expected, MOST_BYTES)
    try:
        with safe_open(path, "pt") as file:
            yield file
    except Exception as error:  # safetensors, and torch below it, raise anything on a broken file
        with open(path, "rb") as begun:
            what = recognised(begun.read(BEGIN))
        if what not in ("", SAFETENSORS):
            raise DataError(f"{path}: {what}; {expected} was expected") from error
        raise DataError(f"{path}: cannot be read as safetensors ({error})") from error
