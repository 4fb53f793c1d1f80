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


def test_the_readme_composes_a_model() -> None:
    (code,) = blocks("README.md")
    found: dict[str, object] = {}
    exec(code, found)
    assert found["sr"].shape == (1, 3, 128, 128)


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
