"""A site, and tabs of Chromium to open it in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from priorsr.bench import build_site

sys.path.insert(0, str(Path(__file__).parent))  # for `import made_up`

import made_up
from browsers import EXECUTABLE, QUIET, missing


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser."""
    if EXECUTABLE is None:
        missing("there is no chromium here (Debian: apt-get install chromium, or set PRIORSR_CHROMIUM)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("the package playwright is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=list(QUIET))
        yield browser
        browser.close()


class Tab:
    """A page of the browser that remembers what it asked for and what went wrong in it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.requests: list[str] = []
        self.faults: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", lambda request: self.faults.append(f"{request.url} could not be loaded"))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)

    def open(self, path: Path, fragment: str = "") -> Any:
        """Open a file, as from disk."""
        self.page.goto(path.as_uri() + fragment)
        return self.page

    def check(self) -> None:
        """Nothing came from elsewhere, and nothing went wrong."""
        assert self.requests
        assert [url for url in self.requests if not url.startswith(("file:", "data:"))] == []
        assert self.faults == []


@pytest.fixture
def open_tab(chromium: Any) -> Iterator[Any]:
    """Make a tab: `open_tab(width=..., dark=...)`. All are checked at the end, and closed."""
    tabs: list[Tab] = []

    def make(width: int = 1280, height: int = 900, *, dark: bool = False, still: bool = True) -> Tab:
        page = chromium.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if still else "no-preference",
        )
        page.set_default_timeout(60_000)
        tabs.append(Tab(page))
        return tabs[-1]

    yield make
    for tab in tabs:
        tab.check()
        tab.page.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site's folder: twelve models on eight faces, under three protocols."""
    folder = tmp_path_factory.mktemp("browser")
    results = made_up.make_results(folder, faces=8)
    made_up.multiply(results, 12)
    return build_site(results, folder / "site").parent
