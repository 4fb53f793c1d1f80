"""Contract checks for components, public: a plugin's tests run them with one decorator."""

from priorsr.testing.contracts import Waivers, checks_of, failures, parametrize_with_checks
from priorsr.testing.golden import golden_state, golden_weight

__all__ = ["Waivers", "checks_of", "failures", "golden_state", "golden_weight", "parametrize_with_checks"]
