"""Everything in this plugin holds the contract of its kind."""

from __future__ import annotations

from priorsr.testing import parametrize_with_checks


@parametrize_with_checks(distribution="priorsr-dlib")
def test_contract(check) -> None:
    check()
