from __future__ import annotations

import pytest
from browsers import missing


def test_a_browser_that_is_missing_is_a_reason_to_skip(monkeypatch) -> None:
    monkeypatch.delenv("PRIORSR_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no browser"):
        missing("no browser")


def test_a_browser_that_is_required_and_missing_fails(monkeypatch) -> None:
    monkeypatch.setenv("PRIORSR_BROWSER", "required")
    with pytest.raises(pytest.fail.Exception, match="no browser, and PRIORSR_BROWSER=required"):
        missing("no browser")
