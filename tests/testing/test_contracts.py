"""Everything that is registered holds its contract, and each check catches what it is for, and only that."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from priorsr.errors import OptionError
from priorsr.kinds import KINDS
from priorsr.testing import checks_of, failures, parametrize_with_checks
from tests.testing.right_components import Right
from tests.testing.wrong_components import RIGHT, WRONG


@parametrize_with_checks(distribution="priorsr")
def test_registered_components_hold_their_contract(check: Callable[[], None]) -> None:
    check()


@pytest.mark.parametrize("component", RIGHT)
def test_a_right_component_passes_every_check(component: type) -> None:
    assert failures(component.kind, "right", component) == {}


def test_every_check_has_a_wrong_component() -> None:
    assert {check.__name__ for kind in KINDS for check in checks_of(kind)} == WRONG.keys()


@pytest.mark.parametrize(
    ("check", "component"), [(check, component) for check, components in WRONG.items() for component in components]
)
def test_a_wrong_component_fails_its_check_and_only_it(check: str, component: type) -> None:
    assert failures(component.kind, "wrong", component).keys() == {check}


def test_whatever_a_component_raises_is_a_failure() -> None:
    class Raises(Right):
        def forward(self, x, residual=None):
            raise KeyError("nose")

    reason = failures("attention", "raises", Raises)["shapes"]
    assert reason.startswith("raises KeyError: 'nose' (test_contracts.py, line ")


def test_a_waiver_covers_whatever_a_component_raises() -> None:
    mark = parametrize_with_checks(waivers={("attention", "channel", "shapes"): "why"})
    (waived,) = [case for case in mark.args[1] if case.marks]
    assert waived.id == "attention-priorsr:channel-shapes"
    assert waived.marks[0].kwargs["raises"] is Exception


def test_a_waiver_of_nothing_is_refused() -> None:
    with pytest.raises(OptionError, match="no component has such a check"):
        parametrize_with_checks(waivers={("attention", "channel", "beauty"): "none"})


def test_an_unknown_distribution_is_refused() -> None:
    with pytest.raises(OptionError, match="'priosr' offers no component; did you mean 'priorsr'"):
        parametrize_with_checks(distribution="priosr")
    mine, plain = (parametrize_with_checks(distribution=name) for name in ("PriorSR", "priorsr"))
    assert [case.id for case in mine.args[1]] == [case.id for case in plain.args[1]]
