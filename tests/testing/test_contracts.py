"""Everything that is registered holds its contract, and each check catches what it is for, and only that."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from priorsr.errors import OptionError
from priorsr.testing import checks_of, failures, parametrize_with_checks
from tests.testing.wrong_components import WRONG, Right, RightDistillation, RightRecipe


@parametrize_with_checks(distribution="priorsr")
def test_registered_components_hold_their_contract(check: Callable[[], None]) -> None:
    check()


@pytest.mark.parametrize("component", [Right, RightDistillation, RightRecipe])
def test_a_right_component_passes_every_check(component: type) -> None:
    assert failures(component.kind, "right", component) == {}


def test_every_check_has_a_wrong_component() -> None:
    assert {
        check.__name__ for kind in ("attention", "distillation", "recipe") for check in checks_of(kind)
    } == WRONG.keys()


@pytest.mark.parametrize("check", WRONG)
def test_a_wrong_component_fails_its_check_and_only_it(check: str) -> None:
    component = WRONG[check]
    assert failures(component.kind, "wrong", component).keys() == {check}


def test_a_waiver_of_nothing_is_refused() -> None:
    with pytest.raises(OptionError, match="no component has such a check"):
        parametrize_with_checks(waivers={("attention", "channel", "beauty"): "none"})
