"""Tasks for tests, which other processes import too: short, long, deadly, and wrong ones."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from priorsr.errors import OptionError
from priorsr.execution.stopping import StoppedError, is_asked_to_stop


@dataclass(frozen=True)
class Square:
    """A number's square."""

    number: int
    total: int = 1
    files: tuple[Path, ...] = ()

    @property
    def label(self) -> str:
        return f"square of {self.number}"

    def done(self) -> int:
        return 0

    def work(self, report: Callable[[str], None]) -> Any:
        if self.number == 3:
            report("three is odd")
        return self.number**2


@dataclass(frozen=True)
class Deadly(Square):
    """Kills its worker in the first `deaths` tries, which it counts in a folder."""

    folder: Path = Path()
    deaths: int = 1

    def work(self, report: Callable[[str], None]) -> Any:
        tries = len(list(self.folder.glob("try-*")))
        (self.folder / f"try-{tries}").touch()
        if tries < self.deaths:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.number**2


@dataclass(frozen=True)
class Long(Square):
    """Works until it is asked to stop, and leaves files when it begins and has saved."""

    folder: Path = Path()

    def work(self, report: Callable[[str], None]) -> Any:
        (self.folder / f"began-{self.number}").touch()
        deadline = time.monotonic() + 100
        while not is_asked_to_stop():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (self.folder / f"saved-{self.number}").touch()
        raise StoppedError("saved")


@dataclass(frozen=True)
class Patient(Square):
    """Waits until a file is there."""

    awaited: Path = Path()

    def work(self, report: Callable[[str], None]) -> Any:
        self.awaited.with_name(f"waits-{os.getpid()}").touch()
        deadline = time.monotonic() + 100
        while not self.awaited.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return self.number**2


class LockedError(Exception):
    """An error that neither pickles nor has a text of its own."""

    def __init__(self, what: str) -> None:
        super().__init__(f"cannot travel: {what}")
        self.lock = threading.Lock()


@dataclass(frozen=True)
class Wrong(Square):
    """Raises an error."""

    which: str = "option"

    def work(self, report: Callable[[str], None]) -> Any:
        if self.which == "option":
            raise OptionError("the width is -1; a positive number was expected")
        if self.which == "exit":
            raise SystemExit(3)
        if self.which == "zero":
            return 1 / 0
        raise LockedError("a lock")
