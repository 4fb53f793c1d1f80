"""Files in a local folder or below a URL that fsspec knows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from priorsr.errors import DataError, raised
from priorsr.files import require_extra

PAUSES = (0.5, 2.0)  # seconds before a remote file is tried again
_T = TypeVar("_T")


def is_url(place: object) -> bool:
    """Return whether a place is a URL, and not a local path."""
    return isinstance(place, str) and "://" in place


def without_secrets(url: str) -> str:
    """Return a URL without user, password and query, which may be keys; a local path stays unchanged."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    parts = urlsplit(f"//{rest}")
    return f"{scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class ShardFolder:
    """The files of one folder: a local path, or a URL such as s3://bucket/faces.

    Raises DataError for a protocol that fsspec lacks, or whose package is missing.
    """

    def __init__(self, place: str | Path) -> None:
        require_extra("fsspec", "shards")
        self.local = not is_url(place)
        self._place = str(place).rstrip("/") or "/"
        self.name = without_secrets(self._place)
        self._process = 0
        self._opened: tuple[Any, str] | None = None
        self._open()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_process": 0, "_opened": None}

    def where(self, name: str) -> str:
        """Return how messages name a file."""
        return f"{self.name}/{name}"

    def read(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes of a file, or those from `start` to before `end`: fewer where the file ends earlier.

        A remote file is tried three times. Raises DataError naming the file.
        """

        def read() -> bytes:
            filesystem, root = self._open()
            return filesystem.cat_file(f"{root}/{name}", start=start or None, end=end)

        content = self._tried(name, read)
        if end is not None and len(content) > end - start:
            raise DataError(f"{self.where(name)}: cannot be read in parts; a server that knows ranges was expected")
        return content

    def opened(self, name: str) -> Any:
        """Open a file to be read once from its beginning; raises DataError naming it."""
        filesystem, root = self._open()
        return self._tried(name, lambda: filesystem.open(f"{root}/{name}", "rb"))

    def _tried(self, name: str, read: Callable[[], _T]) -> _T:
        pauses = [] if self.local else list(PAUSES)
        while True:
            try:
                return read()
            except FileNotFoundError:
                raise DataError(f"{self.where(name)}: there is no such file") from None
            except Exception as error:  # each protocol's package raises its own
                if not pauses:
                    reason = getattr(error, "strerror", None) or raised(error)
                    raise DataError(f"{self.where(name)}: cannot be read ({reason})") from error
                time.sleep(pauses.pop(0))

    def _open(self) -> tuple[Any, str]:
        """Return the file system and the folder in it; a process that was forked opens its own."""
        if self._opened is None or self._process != os.getpid():
            import fsspec

            try:
                if self.local:
                    self._opened = fsspec.filesystem("file"), str(Path(self._place).absolute())
                else:
                    fresh = {"skip_instance_cache": True} if self._process else {}
                    self._opened = fsspec.core.url_to_fs(self._place, **fresh)
            except Exception as error:  # of an unknown protocol, a missing package, or a wrong address
                raise DataError(f"{self.name}: cannot be opened ({raised(error)})") from error
            self._process = os.getpid()
        return self._opened
