"""The documents' Python runs."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

import priorsr
from priorsr import registry

ROOT = Path(__file__).parents[1]


def blocks(document: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


@pytest.mark.parametrize("document", ["README.md", "docs/index.md", "docs/score.md"])
def test_examples_print_what_stands_below_them(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)
    assert shown
    for code, printed in shown:
        exec(code, {})
        assert capsys.readouterr().out == printed


def test_the_model_of_the_composing_page_holds_its_contracts_and_is_compared(
    tiny_faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_model", raising=False)
    (tmp_path / "faces").symlink_to(tiny_faces)
    model, checks, comparison, swap = blocks("docs/compose.md")
    (tmp_path / "my_model.py").write_text(model)
    exec(checks, {})
    assert capsys.readouterr().out == "{} {}\n"
    exec(comparison.replace("steps=200", "steps=2"), {})
    assert "psnr_y: " in capsys.readouterr().out
    exec(swap, {})
    assert capsys.readouterr().out == "(1, 3, 128, 128)\n"


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
