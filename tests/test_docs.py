"""The documents' Python runs."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

import priorsr
from priorsr import registry

ROOT = Path(__file__).parents[1]


def blocks(document: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


def test_the_readme_swaps_a_block() -> None:
    found: dict[str, object] = {}
    exec(blocks("README.md")[0], found)
    assert found["sr"].shape == (1, 3, 128, 128)


def test_the_readmes_own_model_is_trained_and_scored(
    tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faces").symlink_to(tiny_faces)
    found: dict[str, object] = {}
    exec(blocks("README.md")[1].replace("steps=200", "steps=2"), found)
    assert [record.model.name for record in found["records"]] == ["tiny", "tiny"]
    assert found["trained"].scores["model"][0] == "psnr_y"


def test_the_recipe_of_the_training_page_trains(
    tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from priorsr.training import train

    monkeypatch.setattr(registry, "_state", registry._State())
    (code,) = blocks("docs/training.md")
    (tmp_path / "page.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    import_module("page")
    trained = train("mine", tiny_faces, tmp_path / "run", steps=2)
    assert priorsr.load(trained.products["net"]).config.width == 16
