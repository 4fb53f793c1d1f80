"""Sources of classes that no distribution offers: of notebooks, pages and prompts."""

from __future__ import annotations

import sys

import pytest
import torch
from torch import nn

import priorsr
from priorsr import registry
from priorsr.sources import Component, components_of
from tests.sources.found_components import the


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())


def scale(gain: float) -> type[nn.Module]:
    class Mine(nn.Module):
        kind = "attention"

        def __init__(self, channels: int) -> None:
            super().__init__()

        def forward(self, x, residual=None):
            return gain * scaled(x)

    return Mine


def scaled(x: torch.Tensor) -> torch.Tensor:
    return TWO * x


TWO = 2


def attention_of(component: type) -> Component:
    priorsr.register("attention", "mine")(component)
    return the("attention", components_of([priorsr.create("attention", "mine", channels=4)], "inference"))


def test_what_the_session_registered_is_recorded_as_such(session: None, monkeypatch: pytest.MonkeyPatch) -> None:
    first = attention_of(scale(1.0))
    assert (first.name, first.distribution, first.version) == ("mine", "session", "")
    assert attention_of(scale(1.0)) == first
    assert attention_of(scale(2.0)).hash != first.hash
    monkeypatch.setattr(sys.modules[__name__], "TWO", 3)
    assert attention_of(scale(1.0)).hash != first.hash


NOTEBOOK = '''
class Mine(Base):
    """{words}"""
    kind = "attention"
    gain = {gain}

    def forward(self, x, residual=None):
        return helper(x)  # {words}
'''


def cell(gain: float = 1.0, words: str = "words", helper: str = "x + 1") -> type:
    """A class as a prompt makes it, of which no source is on disk."""
    names = {"__name__": "__main__"}
    text = (
        "from torch import nn\nclass Base(nn.Module):\n    def __init__(self, channels):\n        super().__init__()\n"
    )
    exec(text + f"def helper(x):\n    return {helper}\n" + NOTEBOOK.format(gain=gain, words=words), names)
    return names["Mine"]  # type: ignore[return-value]


def test_a_class_of_a_page_goes_by_its_byte_code(tmp_path, session: None) -> None:
    """A file that is no Python where the code's line numbers point: a page with `'` in its prose."""
    page = tmp_path / "page.md"
    page.write_text("It's\na page's\nprose, which doesn't end.\n" * 4)
    names: dict[str, object] = {"__name__": "page", "nn": nn}
    code = "class Block(nn.Module):\n    def forward(self, x):\n        return 2 * x\n"
    exec(compile(code, str(page), "exec"), names)
    (component,) = components_of([names["Block"]()], "inference")
    exec(compile(code.replace("2", "3"), str(page), "exec"), names)
    assert components_of([names["Block"]()], "inference")[0].hash != component.hash


def test_a_class_without_a_source_goes_by_its_byte_code(session: None) -> None:
    first = attention_of(cell())
    assert attention_of(cell()) == first
    assert attention_of(cell(gain=2.0)).hash != first.hash
    assert attention_of(cell(helper="x + 2")).hash != first.hash
    assert attention_of(cell(words="others")).hash == first.hash


def test_a_class_without_a_name_is_recorded_as_such() -> None:
    class Nameless(nn.Module):
        prior = "none"

    (found,) = components_of([Nameless()], "inference")
    assert (found.kind, found.distribution) == ("model", "unregistered")
    assert found.name.endswith("Nameless")
