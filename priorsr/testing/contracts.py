"""Running the contract checks: over a component, over everything that is registered, or in a plugin's own tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from priorsr.errors import OptionError
from priorsr.kinds import KINDS
from priorsr.registry import find, offers
from priorsr.testing.checks import ALSO, CHECKS, INSTEAD, Check
from priorsr.testing.examples import example_of

Waivers = Mapping[tuple[str, str, str], str]
"""(kind, component, check) -> why the component need not hold it."""


def checks_of(kind: str) -> tuple[Check, ...]:
    """The checks that components of a kind must hold."""
    return INSTEAD.get(kind, CHECKS) + ALSO.get(kind, ())


def failures(kind: str, name: str, component: type) -> dict[str, str]:
    """Run every check of a kind on a class: check -> what failed. Empty if the class holds the contract."""
    found = {}
    for check in checks_of(kind):
        try:
            check(example_of(kind, name, component))
        except AssertionError as error:
            found[check.__name__] = str(error)
    return found


def parametrize_with_checks(*, distribution: str | None = None, waivers: Waivers | None = None) -> Callable[[Any], Any]:
    """Parametrise a test with every check of every registered component, or those of one distribution.

        @parametrize_with_checks(distribution="my-plugin")
        def test_contract(check):
            check()

    A waived check must fail: one that holds turns red, so that no waiver outlives its reason. A waiver that names
    nothing raises OptionError.
    """
    import pytest

    left = dict(waivers or {})
    cases = []
    for kind in KINDS:
        for offer in offers(kind):
            if distribution not in (None, offer.distribution):
                continue
            for check in checks_of(kind):
                reason = left.pop((kind, offer.name, check.__name__), None)
                marks = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True, raises=AssertionError)]
                name = f"{kind}-{offer.distribution}:{offer.name}-{check.__name__}"
                cases.append(
                    pytest.param(_case(kind, f"{offer.distribution}:{offer.name}", check), marks=marks, id=name)
                )
    if left:
        raise OptionError(f"a waiver names {' '.join(next(iter(left)))}, and no component has such a check")
    return pytest.mark.parametrize("check", cases)


def _case(kind: str, name: str, check: Check) -> Callable[[], None]:
    return lambda: check(example_of(kind, name, find(kind, name)))
