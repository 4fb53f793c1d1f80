"""Fixtures that all tests share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

os.environ["TRITON_INTERPRET"] = "1"  # is read when a kernel is defined, Triton's own too: before torch imports Triton

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data beside the repository, or PRIORSR_SHARED; skips where it is absent."""
    path = Path(os.environ.get("PRIORSR_SHARED", ROOT.parent / "shared"))
    if not path.is_dir():
        pytest.skip(f"the reference data is not at {path} (set PRIORSR_SHARED)")
    return path


@pytest.fixture(scope="session")
def golden(shared: Path) -> Callable[[str], np.lib.npyio.NpzFile]:
    """Open the golden file `NAME.npz` of the reference data; skips where it is absent."""

    def load(name: str) -> np.lib.npyio.NpzFile:
        path = shared / "golden" / f"{name}.npz"
        if not path.is_file():
            pytest.skip(f"there is no {path}")
        return np.load(path)

    return load


@pytest.fixture(scope="session")
def tiny_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of 12 synthetic faces of 64 px with both priors: 7 train, 3 val, 2 test. Copy it before you change it."""
    from priorsr.data.importers.synthetic import synthesise

    path = tmp_path_factory.mktemp("sets") / "tiny"
    synthesise(path, count=12, seed=0, size=64, val=3, test=2)
    return path
