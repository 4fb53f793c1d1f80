"""Make the pictures of docs/site.md: python docs/make_site_pictures.py [FACES [TABLE]]

FACES is a results folder on synthetic faces, such as that of `priorsr demo`. Without it, the models are filters:
bicubic enlargement, blurred and sharpened by several strengths. TABLE is the results folder of the leaderboard's
picture, which shows no face; FACES unless given. Needs Chromium, as the browser tests do.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from priorsr.bench import build_site
from priorsr.viz.strips import save_picture

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))  # for made_up, and how to start Chromium

import made_up
from browsers import EXECUTABLE, QUIET

HERE = Path(__file__).parent
FILTERS = {f"sharpened {strength}": strength for strength in (0.5, 1.0, 1.5, 2.0, 3.0, 5.0)} | {"blurred": -0.9}
WIDE, PHONE = {"width": 1200, "height": 800}, {"width": 390, "height": 800}


def main(faces: Path, table: Path) -> None:
    """Photograph the sites of these results."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = build_site(faces, Path(folder) / "faces").parent
        leaderboard = site if table == faces else build_site(table, Path(folder) / "table").parent
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=list(QUIET))

        page = opened(browser, leaderboard / "index.html", WIDE)
        page.locator(".choice a").nth(1).click()
        page.wait_for_timeout(600)  # until the rows have come to rest
        save(page, "site-leaderboard")

        page = opened(browser, site / "compare.html", WIDE, dark=True)
        page.wait_for_function("[...document.querySelectorAll('.view.side img')].every(i => i.hidden || i.complete)")
        for _ in range(2):
            page.locator("[data-zoom=in]").click()
        page.wait_for_timeout(300)
        save(page, "site-compare")

        page = opened(browser, site / "compare.html", PHONE, fragment="#view=slider&left=lr&right=hr")
        page.wait_for_selector(".stage img[src]")
        page.evaluate("document.querySelector('.faces').scrollIntoView()")
        page.wait_for_timeout(300)
        save(page, "site-phone")
        browser.close()


def opened(browser: Any, path: Path, size: dict[str, int], *, dark: bool = False, fragment: str = "") -> Any:
    """A page in a window of that size."""
    page = browser.new_page(viewport=size, color_scheme="dark" if dark else "light")
    page.goto(path.as_uri() + fragment)
    return page


def save(page: Any, name: str) -> None:
    """The window as docs/images/NAME.png."""
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        save_picture(picture.convert("RGB"), HERE / "images" / f"{name}.png")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]), Path(sys.argv[-1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            made = made_up.make_results(Path(scratch), faces=24, size=128, filters=FILTERS)
            main(made, made)
