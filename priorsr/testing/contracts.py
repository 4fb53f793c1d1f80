"""Running the contract checks: over a component, over everything that is registered, or in a plugin's own tests."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from priorsr.errors import OptionError, PriorsrWarning, did_you_mean
from priorsr.kinds import KINDS
from priorsr.plugins import normalise
from priorsr.registry import find, offers
from priorsr.testing.checking import run_check, waivers_of
from priorsr.testing.component_results import Check
from priorsr.testing.contract_checks import checks_of
from priorsr.testing.versions import difference

Waivers = Mapping[tuple[str, str, str], str]
"""(kind, component, check) -> why the component need not hold it."""


def failures(kind: str, name: str, component: type) -> dict[str, str]:
    """Run every check of a kind on a class: check -> what failed, or what the component raised.

    Empty if the class holds the contract.
    """
    outcomes = [run_check(check, kind, name, component, {}) for check in checks_of(kind)]
    return {outcome.check: outcome.reason for outcome, error in outcomes if error is not None}


def parametrize_with_checks(*, distribution: str | None = None, waivers: Waivers | None = None) -> Callable[[Any], Any]:
    """Parametrise a test with every check of every registered component, or those of one distribution.

        @parametrize_with_checks(distribution="my-plugin")
        def test_contract(check):
            check()

    A waived check must fail: one that holds turns red, so that no waiver outlives its reason. A class may declare
    waivers itself, as `waived`, by check, which `priorsr plugin check` reads, too. A component whose extra or weights
    are not on this machine is skipped with that reason, and so is a check of a later contract than the one that the
    class pins (`contract`). A distribution that offers nothing, and a waiver that names nothing, raise OptionError.
    """
    import pytest

    offered = [offer for kind in KINDS for offer in offers(kind)]
    chosen = [o for o in offered if distribution is None or normalise(distribution) == normalise(o.distribution)]
    if not chosen:
        installed = {offer.distribution for offer in offered}
        raise OptionError(f"{distribution!r} offers no component; {did_you_mean(str(distribution), installed)}")
    left = dict(waivers or {})
    cases = []
    for offer in chosen:
        who = f"{offer.distribution}:{offer.name}"
        for check in checks_of(offer.kind):
            reason = left.pop((offer.kind, offer.name, check.__name__), None)
            marks = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True, raises=Exception)]
            case = _case(offer.kind, who, check)
            cases.append(pytest.param(case, marks=marks, id=f"{offer.kind}-{who}-{check.__name__}"))
    if left:
        raise OptionError(f"a waiver names {' '.join(next(iter(left)))}, and no component has such a check")
    return pytest.mark.parametrize("check", cases)


def _case(kind: str, name: str, check: Check) -> Callable[[], None]:
    def case() -> None:
        import pytest

        component = find(kind, name)
        if note := difference(component):
            warnings.warn(f"the {kind} {name!r} is {note}", PriorsrWarning, stacklevel=2)
        outcome, error = run_check(check, kind, name, component, waivers_of(kind, component))
        if outcome.status == "waived":
            pytest.xfail(outcome.reason)
        if outcome.status in ("skipped", "newer"):
            pytest.skip(outcome.reason)
        if error is not None:
            raise error

    return case
