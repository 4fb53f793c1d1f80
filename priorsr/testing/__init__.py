"""Contract checks for components, public: `check(MyBlock)` here, and one decorator for a plugin's tests."""

from priorsr.testing.checking import CheckOutcome, Result, check
from priorsr.testing.contract_checks import checks_of
from priorsr.testing.contracts import Waivers, failures, parametrize_with_checks
from priorsr.testing.golden import golden_state, golden_weight
from priorsr.testing.versions import CONTRACT

__all__ = [
    "CONTRACT",
    "CheckOutcome",
    "Result",
    "Waivers",
    "check",
    "checks_of",
    "failures",
    "golden_state",
    "golden_weight",
    "parametrize_with_checks",
]
