"""The folder of a run: layout, config and metrics."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from priorsr.errors import DataError
from priorsr.files import append, atomic_json, atomic_text, check_folder, refusals_told
from priorsr.locks import lock
from priorsr.partial_files import sweep
from priorsr.text import command_line
from priorsr.training.checkpoints import Checkpoints
from priorsr.training.metrics_file import Line, line_text, read_lines
from priorsr.training.run_config import read_run_config
from priorsr.version import __version__


class RunFolder:
    """config.json, metrics.jsonl, curves.png, samples/, checkpoints/, forks/, weights/ and earlier/ under one path.

    forks: for each stage, the checkpoint from which an extension continues. earlier: results from before each
    extension, in a folder named by the steps.

    Raises DataError if there is a file in place of the folder.
    """

    def __init__(self, path: Path) -> None:
        check_folder(path, "a folder for the run")
        self.path = path
        self.config = path / "config.json"
        self.metrics = path / "metrics.jsonl"
        self.curves = path / "curves.png"
        self.samples = path / "samples"
        self.weights = path / "weights"
        self.checkpoints = Checkpoints(path / "checkpoints")
        self.forks = Checkpoints(path / "forks")
        self.earlier = path / "earlier"

    def holds_a_run(self) -> bool:
        """Return whether a run was started here."""
        return self.config.exists()

    def read_config(self) -> dict[str, Any]:
        """Return the config of the run that was started here; raises DataError if it is invalid."""
        return read_run_config(self.config)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder for this process; raises DataError if another trains in it. A lock ends with its process."""
        with refusals_told(self.path / ".lock"):
            self.path.mkdir(parents=True, exist_ok=True)
            file = open(self.path / ".lock", "a+")  # noqa: SIM115  # closed below
        with file:
            if lock(file.fileno()) is False:
                raise DataError(f"{self.path}: another process is training in this folder")
            yield

    def clean(self) -> None:
        """Remove the half-written files of killed processes."""
        for part in (self.samples, self.weights, self.earlier):
            sweep(part)
        for part in (self.checkpoints.folder, self.forks.folder):
            for checkpoint in part.glob(".*.part"):
                shutil.rmtree(checkpoint, ignore_errors=True)

    def start(self, config: Mapping[str, Any]) -> None:
        """Write the config, from which moment on the folder holds a run."""
        atomic_text(self.metrics, "")
        atomic_json(self.config, {**config, **circumstances()})

    def append(self, line: Mapping[str, Any]) -> None:
        """Add a line to the metrics."""
        append(self.metrics, line_text(line).encode())

    def mark(self) -> int:
        """Write the metrics to the disk, and return their length in bytes, which a checkpoint stores."""
        with refusals_told(self.metrics), open(self.metrics, "ab") as file:
            os.fsync(file.fileno())
            return file.tell()

    def is_cut_before(self, mark: int) -> bool:
        """Return whether the metrics are shorter than a mark, because they were cut or removed."""
        return (self.metrics.stat().st_size if self.metrics.exists() else 0) < mark

    def rewind(self, mark: int) -> None:
        """Drop the metrics after a mark, since those steps run again."""
        with refusals_told(self.metrics), open(self.metrics, "ab") as file:
            file.truncate(min(mark, file.tell()))

    def lines(self) -> list[Line]:
        """Read all metrics so far; raises DataError for an invalid line."""
        return read_lines(self.metrics)[0]


def circumstances() -> dict[str, Any]:
    """Return the circumstances that a run's numbers may depend on beside its settings."""
    processor = torch.cpu.get_capabilities().get("cpu_name") or platform.machine()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else processor
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command_line(),
        "threads": torch.get_num_threads(),
        "device": device,
        "versions": {
            "python": platform.python_version(),
            "priorsr": __version__,
            "torch": torch.__version__,
            "accelerate": version("accelerate"),
        },
    }
