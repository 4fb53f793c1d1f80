"""Every notebook runs from its first cell to its last on drawn faces, and is committed with what it shows.

To renew the outputs after a change: make notebooks.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LARGEST = 1_500_000  # bytes of a file, so that a web page shows it


def cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def pictures(notebook: Any) -> list[int]:
    """How many pictures each cell shows."""
    return [sum("image/png" in output.get("data", {}) for output in cell["outputs"]) for cell in cells(notebook)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_its_pictures(path: Path, tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="nbclient is not installed, which runs notebooks")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed, which runs notebooks")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed, in which notebooks run")
    (tmp_path / "benchmarks").symlink_to(ROOT / "benchmarks")
    (tmp_path / "notebooks").mkdir()
    notebook = nbformat.read(path, as_version=4)
    committed = pictures(notebook)
    for cell in cells(notebook):
        cell["outputs"] = []
    resources = {"metadata": {"path": str(tmp_path / "notebooks")}}
    nbclient.NotebookClient(notebook, timeout=600, resources=resources).execute()  # raises where a cell does
    assert pictures(notebook) == committed


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_with_its_outputs(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert path.stat().st_size < LARGEST
    assert "pip install --find-links dist 'priorsr[all,weights]'" in "".join(notebook["cells"][0]["source"])
    assert [cell["execution_count"] for cell in cells(notebook)] == list(range(1, len(cells(notebook)) + 1))
    assert sum(pictures(notebook)) >= 3
    outputs = [output for cell in cells(notebook) for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"]
    told = json.dumps([{**output, "data": list(output.get("data", {}))} for output in outputs])
    assert not re.findall(r"/(?:root|home|tmp|work)/", told)


def test_there_are_three() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["compose_train_compare", "priors_seen", "read_a_leaderboard"]
