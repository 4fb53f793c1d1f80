"""Everything in this plugin holds the contract of its kind."""

from __future__ import annotations

from priorsr.testing import parametrize_with_checks

NOT_LEARNT = "dlib's regression trees have no gradient, and nothing is learnt from them"


@parametrize_with_checks(distribution="priorsr-dlib", waivers={("estimator", "dlib", "second_backward"): NOT_LEARNT})
def test_contract(check) -> None:
    check()
