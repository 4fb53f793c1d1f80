"""Chromium to look with: Debian's package, driven by Playwright.

Without it these tests are skipped, with the reason; where PRIORSR_BROWSER=required they fail instead, as in `.ci/run`.
"""

from __future__ import annotations

import os
import shutil

import pytest

EXECUTABLE = os.environ.get("PRIORSR_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def missing(reason: str) -> None:
    """Skip, or fail where a browser is required."""
    if os.environ.get("PRIORSR_BROWSER") == "required":
        pytest.fail(f"{reason}, and PRIORSR_BROWSER=required")
    pytest.skip(reason)
