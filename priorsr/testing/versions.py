"""Versions of the contract, the checks that each added, and the version that a component was written for.

A component pins a version by the class attribute `contract`. A newer check is reported, and does not fail a component
that pins an earlier version.
"""

from __future__ import annotations

from priorsr.errors import OptionError

CONTRACT = 2
_CHECKS_SINCE = {
    2: (
        "finite_results",
        "one_number_an_image",
        "values_in_range",
        "half_precision_is_close",
        "resumes_exactly",
        "options_are_documented",
    ),
}


def pinned(component: type) -> int:
    """Return the version that a component pins, or today's; raises OptionError for what is no version."""
    version = getattr(component, "contract", CONTRACT)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise OptionError(
            f"{component.__qualname__} declares contract = {version!r}; a number from 1 to {CONTRACT} was expected"
        )
    return version


def is_newer(check: str, component: type) -> bool:
    """Return whether a check is of a later version than the one that a component was written for."""
    return any(check in checks for since, checks in _CHECKS_SINCE.items() if since > pinned(component))


def difference(component: type) -> str:
    """Return how the contract differs from the one that a component was written for; empty if it does not."""
    version = pinned(component)
    if version > CONTRACT:
        return f"written for contract {version}, and this priorsr checks contract {CONTRACT}: install a newer priorsr"
    new = [check for since, checks in _CHECKS_SINCE.items() if since > version for check in checks]
    return f"written for contract {version}, and this is {CONTRACT}, which adds {', '.join(new)}" if new else ""
