"""Carry out a task on a worker, and return its outcome in a form that every executor can send back."""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import threading
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import torch

from priorsr.bench.executors.lease import Lease
from priorsr.errors import DataError, PriorsrError, raised
from priorsr.execution.processor import processor
from priorsr.scripts import VARIABLE, scripts
from priorsr.version import __version__

PART_BYTES = 2**20

ONE_AT_A_TIME = threading.Lock()
"""Held while a task runs: two in one process would share the random generators and the current folder."""


class Task(Protocol):
    """A piece of work that can be pickled, and continued by whoever carries it out again.

    total: the number of its steps. files: those that it reads and that others have written.
    """

    @property
    def label(self) -> str: ...

    @property
    def total(self) -> int: ...

    @property
    def files(self) -> Collection[Path]: ...

    def done(self) -> int:
        """Return how many steps are done, as the caller sees in the shared folder."""

    def work(self, report: Callable[[str], None]) -> Any:
        """Do the work, report notes for the user, and return its result."""


@dataclass(frozen=True)
class Machine:
    """A machine's name, and everything on which the last digits of a computation depend."""

    host: str
    processor: str
    gpu: str | None
    threads: int
    torch: str

    @classmethod
    def here(cls) -> Machine:
        """Return what this process computes with."""
        gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
        return cls(platform.node(), processor(), gpu, torch.get_num_threads(), torch.__version__)

    @property
    def kind(self) -> str:
        """Return a text that is the same on machines that compute the same digits."""
        where = f"{self.threads} thread{'s' * (self.threads != 1)} of {self.processor}"
        return f"{where}, {self.gpu + ', ' if self.gpu else ''}torch {self.torch}"


@dataclass(frozen=True)
class Outcome:
    """The result of a task, or the error that ended it with its traceback; `stopped`: it can be continued."""

    machine: Machine
    result: Any = None
    error: BaseException | None = None
    trace: str = ""
    stopped: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ticket:
    """A list of everything that a task needs to find on a worker.

    folder: the caller's current one. scripts: those of PRIORSR_PLUGINS. files: the fingerprint of each that is read.
    """

    lease: Lease
    version: str
    folder: Path
    scripts: tuple[Path, ...]
    files: Mapping[Path, str]

    @classmethod
    def write(cls, lease: Lease, files: Iterable[Path]) -> Ticket:
        """Return the ticket of a caller whose tasks read `files` and the scripts of PRIORSR_PLUGINS."""
        plugins = tuple(script.path for script in scripts())
        found = {file.absolute(): fingerprint(file) for file in {*files, *plugins}}
        return cls(lease, __version__, Path.cwd(), plugins, found)

    def of(self, files: Iterable[Path]) -> Ticket:
        """Return the ticket of one task, which reads no more than these of the files."""
        own = {*(file.absolute() for file in files), *self.scripts}
        return replace(self, files={file: found for file, found in self.files.items() if file in own})

    def check(self, mark: str) -> Machine:
        """Return this worker's machine; raises DataError for another version, folder or file than the caller's."""
        try:
            if __version__ != self.version:
                raise DataError(f"priorsr {__version__} is installed; the caller's {self.version} was expected")
            self.lease.check(mark)
            if not self.folder.is_dir():
                raise DataError(f"{self.folder}: the caller's current folder is not shared")
            for file, wanted in self.files.items():
                if not file.is_file():
                    raise DataError(f"{file}: is not shared with the caller")
                if fingerprint(file) != wanted:
                    raise DataError(f"{file}: differs from the caller's")
        except DataError as error:
            raise DataError(f"the worker {platform.node()}: {error}") from error
        return Machine.here()

    @contextmanager
    def as_the_caller(self) -> Iterator[None]:
        """Work in the caller's current folder, with its scripts."""
        before, known = Path.cwd(), os.environ.get(VARIABLE)
        os.environ[VARIABLE] = os.pathsep.join(map(str, self.scripts))
        os.chdir(self.folder)
        try:
            yield
        finally:
            os.chdir(before)
            if known is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = known


def carry_out(task: Task, ticket: Ticket, mark: str) -> Outcome:
    """Do a task's work, and return its outcome, whatever it raises; leaves `mark` when the work begins."""
    with ONE_AT_A_TIME:
        machine, notes = Machine.here(), list[str]()
        try:
            ticket.check(mark)
            with ticket.as_the_caller(), ticket.lease.watched():
                return Outcome(machine, task.work(notes.append), notes=tuple(notes))
        except KeyboardInterrupt:  # the caller asked, or whoever runs this worker
            return Outcome(machine, stopped=True)
        except BaseException as error:
            return Outcome(machine, error=portable(error), trace=traceback.format_exc(), notes=tuple(notes))


def fingerprint(file: Path) -> str:
    """Return the size of a file, and a hash of its beginning and its end, which take no longer for a large one."""
    with open(file, "rb") as content:
        size = content.seek(0, os.SEEK_END)
        content.seek(0)
        first = content.read(PART_BYTES)
        content.seek(max(0, size - PART_BYTES))
        return f"{size} {hashlib.sha256(first + content.read(PART_BYTES)).hexdigest()}"


def portable(error: BaseException) -> BaseException:
    """Return an error that the caller can read: the error itself if that is Python's or ours, else its text."""
    if type(error).__module__ in ("builtins", "priorsr.errors") and isinstance(error, Exception):
        try:
            if str(pickle.loads(pickle.dumps(error))) == str(error):
                return error
        except Exception:  # one of its parts
            pass
    return PriorsrError(str(error)) if isinstance(error, PriorsrError) else RuntimeError(raised(error))
