"""Faces and recipes to train on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for `import toys`, here and in the processes that tests start

import toys

from priorsr.training import RunResult, run_log, train
from tests.training.run_files import RECIPES


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face set of 12 and 3 faces of 32 pixels."""
    return toys.make_faces(tmp_path_factory.mktemp("data") / "faces")


@pytest.fixture
def run(faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., RunResult]:
    """Train quickly and without a word: run("toy-distilled", out="a", steps=12). Curves take long, so only if asked."""
    draw_curves = run_log.draw_curves

    def quickly(recipe: Any, out: str = "run", *, curves: bool = False, **options: Any) -> RunResult:
        monkeypatch.setattr(run_log, "draw_curves", draw_curves if curves else lambda rows, path: None)
        defaults = {"data": faces, "log_every": 2, "checkpoint_seconds": 0, "validate_every": 4, "steps": 12}
        return train(recipe, out=tmp_path / out, **{**defaults, **options})

    return quickly


@pytest.fixture(scope="session")
def whole(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An unbroken run of 12 steps of each recipe."""
    folders = {recipe: tmp_path_factory.mktemp("whole") / recipe for recipe in RECIPES}
    for recipe, folder in folders.items():
        train(recipe, faces, folder, steps=12, log_every=2, validate_every=4)
    return folders
