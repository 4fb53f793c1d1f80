"""The score holds the contract of its kind."""

from __future__ import annotations

from priorsr.testing import parametrize_with_checks


@parametrize_with_checks(distribution="priorsr-stlpips")
def test_contract(check) -> None:
    check()
