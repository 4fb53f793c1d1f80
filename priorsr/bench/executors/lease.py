"""A caller's lease on its tasks: a file in the folder that it shares with its workers, and touches while it waits.

A worker that does not find the file shares no folder with the caller. Once the file is gone, or untouched for two
minutes because the caller was killed, tasks save their work and stop. The clocks of two machines are never compared.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from priorsr.errors import DataError
from priorsr.execution.stopping import ask_to_stop, forget_to_stop
from priorsr.files import refusals_told

TOUCH_SECONDS, LOOK_SECONDS, PATIENCE_SECONDS = 5.0, 1.0, 120.0
PREFIX = ".tasks-"


@dataclass(frozen=True)
class Lease:
    """The folder of a call's lease, and the content of its file, which only that call has written."""

    folder: Path
    content: str

    @property
    def file(self) -> Path:
        """Return the file that is there while the tasks are wanted."""
        return self.folder / "lease"

    def check(self, mark: str) -> None:
        """Leave a mark; raises DataError unless this process reads and writes the caller's own folder."""
        try:
            shared = self.file.read_text(encoding="utf-8") == self.content
            (self.folder / mark).touch()
        except OSError as error:
            raise DataError(f"{self.folder.parent}: is not shared with the caller ({error.strerror})") from error
        if not shared:
            raise DataError(f"{self.folder.parent}: is another folder than the caller's")

    def is_marked(self, mark: str) -> bool:
        """Return whether a worker has left that mark."""
        return (self.folder / mark).exists()

    def end(self) -> None:
        """Take the lease away, at which tasks save their work and stop."""
        self.file.unlink(missing_ok=True)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Ask the work inside the block to stop once the lease has ended."""
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,), daemon=True)
        forget_to_stop()
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            forget_to_stop()

    def _watch(self, over: threading.Event) -> None:
        touched, since = 0, time.monotonic()
        while not over.wait(LOOK_SECONDS):
            try:
                last = self.file.stat().st_mtime_ns
            except FileNotFoundError:
                ask_to_stop()
                return
            except OSError:  # a file server that is away for a while
                last = touched
            if last != touched:
                touched, since = last, time.monotonic()
            elif time.monotonic() - since > PATIENCE_SECONDS:
                ask_to_stop()
                return

    def _touch(self, over: threading.Event) -> None:
        while not over.wait(TOUCH_SECONDS):
            with suppress(OSError):  # ended, or a file server that is away
                os.utime(self.file)


@contextmanager
def leased(out: Path) -> Iterator[Lease]:
    """Keep a lease in the folder `out` during the block; raises DataError where it cannot be written."""
    lease = Lease(out.absolute() / f"{PREFIX}{uuid4().hex[:12]}", uuid4().hex)
    with refusals_told(lease.folder):
        lease.folder.mkdir(parents=True)
        lease.file.write_text(lease.content, encoding="utf-8")
    _sweep(lease)
    over = threading.Event()
    thread = threading.Thread(target=lease._touch, args=(over,), daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        over.set()
        thread.join()
        lease.end()
        shutil.rmtree(lease.folder, ignore_errors=True)


def _sweep(lease: Lease) -> None:
    """Remove the leases of killed callers beside a new one, by the clock of the file server."""
    now = lease.file.stat().st_mtime
    for file in lease.folder.parent.glob(f"{PREFIX}*/lease"):
        with suppress(OSError):
            if now - file.stat().st_mtime > PATIENCE_SECONDS:
                shutil.rmtree(file.parent, ignore_errors=True)
