"""What a run left in its folder, and runs that are killed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from priorsr.training import RunResult
from priorsr.training.loop import StageLoop

Run = Callable[..., RunResult]


RECIPES = ("toy-distilled", "toy-gan")


class KilledError(Exception):
    """Stands in for the end of the process."""


def kill_at(monkeypatch: pytest.MonkeyPatch, stage: str, step: int) -> None:
    """The process ends in the middle of a step of a stage."""
    real = StageLoop.advance

    def advance(self: StageLoop) -> Any:
        record = real(self)
        if (self.stage.name, self.step) == (stage, step):
            raise KilledError
        return record

    monkeypatch.setattr(StageLoop, "advance", advance)


def metrics(folder: Path) -> list[dict[str, Any]]:
    """The lines of a run's metrics, without what depends on the clock."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", "data_share")} for line in lines]


def weights_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "weights").iterdir()}


def checkpoint(folder: Path) -> Path:
    return max((folder / "checkpoints").iterdir())
