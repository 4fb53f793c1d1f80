"""Rows of bytes in a file, for arrays that are too large for memory; altered rows are detected and made again.

The file is written and read without a memory map, which would be little faster, and would end the process by SIGBUS if
the disk is full or the file is cut.
"""

from __future__ import annotations

import os
import warnings
import weakref
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from math import prod
from pathlib import Path

import numpy as np

from priorsr.errors import PriorsrWarning
from priorsr.files import atomic_path
from priorsr.partial_files import sweep

_CHECKSUM = np.dtype("<u4")  # CRC-32 of a row; all of them follow the rows


class RowFile:
    """An array (n, ...) of uint8, in a file that is written if it is not there, or not as long as it should be.

    row: makes a row anew. rows: makes all of them, in their order. Raises DataError where the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        shape: tuple[int, ...],
        row: Callable[[int], np.ndarray],
        rows: Callable[[], Iterable[np.ndarray]],
    ) -> None:
        self.path, self.shape, self._row = path, shape, row
        self._size = prod(shape[1:])
        whole = shape[0] * (self._size + _CHECKSUM.itemsize)
        if not path.is_file() or path.stat().st_size != whole:
            if path.exists():
                self._warn()
            self._write(rows())
        self._descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)
        table = os.pread(self._descriptor, shape[0] * _CHECKSUM.itemsize, shape[0] * self._size)
        self._checksums = np.frombuffer(table, _CHECKSUM)

    def __getitem__(self, places: int | Sequence[int]) -> np.ndarray:
        """Return a row, or copies of several."""
        return self._read(places) if isinstance(places, int) else np.stack([self._read(place) for place in places])

    def _write(self, rows: Iterable[np.ndarray]) -> None:
        sweep(self.path.parent)
        checksums = np.empty(self.shape[0], _CHECKSUM)
        with atomic_path(self.path) as beside, open(beside, "wb") as file:
            for place, row in enumerate(rows):
                content = np.ascontiguousarray(row).tobytes()
                checksums[place] = zlib.crc32(content)
                file.write(content)
            file.write(checksums.tobytes())

    def _read(self, place: int) -> np.ndarray:
        content = b""
        with suppress(OSError):
            content = os.pread(self._descriptor, self._size, place * self._size)
        if len(content) != self._size or zlib.crc32(content) != self._checksums[place]:
            content = self._mended(place)
        return np.frombuffer(content, np.uint8).reshape(self.shape[1:])

    def _mended(self, place: int) -> bytes:
        """Make a row again, and put it in its place in the file if that can be written to."""
        self._warn()
        content = np.ascontiguousarray(self._row(place)).tobytes()
        checksum = np.array(zlib.crc32(content), _CHECKSUM)
        with suppress(OSError):
            descriptor = os.open(self.path, os.O_WRONLY)
            try:
                os.pwrite(descriptor, content, place * self._size)
                os.pwrite(descriptor, checksum.tobytes(), self.shape[0] * self._size + place * _CHECKSUM.itemsize)
            finally:
                os.close(descriptor)
        return content

    def _warn(self) -> None:
        warnings.warn(PriorsrWarning(f"{self.path}: was cut or altered; its rows are computed again"), stacklevel=2)
