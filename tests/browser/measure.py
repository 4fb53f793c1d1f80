"""How fluid the site is: python tests/browser/measure.py SITE prints milliseconds, as medians.

Times are what the page's own script takes until the browser has laid out and painted the next frame.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import median

from browsers import EXECUTABLE, QUIET
from playwright.sync_api import Page, sync_playwright

UNTIL_PAINTED = """async (act) => {
  const began = performance.now();
  await eval(act);
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - began;
}"""


def times(page: Page, act: str, again: int = 9) -> float:
    """The median time of a piece of script until what it does is painted."""
    return round(median(page.evaluate(UNTIL_PAINTED, act) for _ in range(again)), 1)


def loading(page: Page, path: Path, ready: str) -> float:
    """The median time from the start of navigation until the load event and `ready`, over five loads."""
    found = []
    for _ in range(5):
        page.goto("about:blank")
        page.goto(path.as_uri())
        page.wait_for_selector(ready, state="attached")
        found.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
    return round(median(found), 1)


def measure(site: Path) -> dict[str, float]:
    """All that is worth knowing."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=list(QUIET))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        found = {"leaderboard: load": loading(page, site / "index.html", ".board")}
        sort = "document.querySelector('.board:not([hidden]) thead button:not(:focus)').click()"
        found["leaderboard: sort"] = times(page, sort)
        others = "[...document.querySelectorAll('.choice a:not([aria-current])')]"
        found["leaderboard: another protocol"] = times(page, f"{others}[0].click()")
        form = "document.querySelector('.filter')"
        words = f"{form}.elements.words.value = 'network-1'; {form}.dispatchEvent(new Event('input'))"
        found["leaderboard: filter"] = times(page, words)
        found["comparison: load"] = loading(page, site / "compare.html", ".view.side figure")
        key = "document.querySelector('.filmstrip').dispatchEvent(new KeyboardEvent('keydown', {key: '%s'}))"
        decoded = (
            "; Promise.all([...document.querySelectorAll('.view.side .pane > img:first-child')].map(i => i.decode()))"
        )
        found["comparison: next face, images decoded"] = times(page, key % "ArrowRight" + decoded, 25)
        found["comparison: to the last face and back"] = times(page, f"{key % 'End'}; {key % 'Home'}")
        order = "document.querySelector('select[name=order]')"
        found["comparison: order the faces anew"] = times(
            page, f"{order}.value = 'spread'; {order}.dispatchEvent(new Event('change'))"
        )
        every = "document.querySelectorAll('.models input[type=checkbox]').forEach(box => box.checked = true)"
        change = "document.querySelector('.models ul').dispatchEvent(new Event('change'))"
        found["comparison: show every model"] = times(page, f"{every}; {change}", 3)
        found["comparison: next face of every model, images decoded"] = times(page, key % "ArrowRight" + decoded)
        found["comparison: zoom every model"] = times(page, "document.querySelector('[data-zoom=in]').click()", 5)
        browser.close()
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path)
    sys.stdout.write(json.dumps(measure(parser.parse_args().site), indent=1) + "\n")
