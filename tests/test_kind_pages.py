"""The page of each kind says what its contract, its checks and its example say today."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from priorsr.kinds import KINDS

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("make_kind_pages", DOCS / "make_kind_pages.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_of_a_kind_is_up_to_date(kind: str, pages: dict[str, str]) -> None:
    kept = (DOCS / "kinds" / f"{kind}.md").read_text(encoding="utf-8")
    assert kept == pages[f"{kind}.md"], "python docs/make_kind_pages.py writes it anew"


def test_every_kind_has_a_page_that_is_listed() -> None:
    assert {path.stem for path in (DOCS / "kinds").glob("*.md")} == KINDS.keys()
    overview = (DOCS / "kinds.md").read_text(encoding="utf-8")
    assert all(f"kinds/{kind}\n" in overview and f"[`{kind}`](kinds/{kind}.md)" in overview for kind in KINDS)
