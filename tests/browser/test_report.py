from __future__ import annotations

import sys
from pathlib import Path

import pytest

from priorsr.bench.pages.run import build_report

sys.path.insert(0, str(Path(__file__).parents[1] / "bench" / "report"))  # for `import made_runs`

import made_runs


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    return build_report(made_runs.write_run(tmp_path_factory.mktemp("runs") / "my run"))


@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_a_phone_in_either_colour(open_tab, report, dark) -> None:
    page = open_tab(390, 844, dark=dark).open(report)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("h1").inner_text() == "my run: supervised"
    assert page.locator(".chart").count() == 3


def test_samples_follow_the_slider(open_tab, report) -> None:
    page = open_tab().open(report)
    shown = page.locator(".samples figure:visible figcaption")
    assert shown.all_inner_texts() == ["step 30"]
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert shown.all_inner_texts() == ["step 10"]
    assert page.locator(".samples output").inner_text() == "10"
    assert page.locator(".samples img:visible").evaluate("image => image.naturalWidth") == 8
