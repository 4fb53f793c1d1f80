"""The result of checking one component: what it says, and that one cause is reported once."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from priorsr.errors import OptionError, PriorsrWarning, UnknownNameError
from priorsr.kinds import KINDS
from priorsr.testing import CONTRACT, check, parametrize_with_checks
from tests.testing.right_components import Right
from tests.testing.wrong_attentions import DocstringHeadings, NaNForEmptyMaps


def test_a_right_component_passes_and_says_so() -> None:
    result = check(Right)
    assert result.passed
    assert str(result) == f"attention 'Right': {len(result.outcomes)} of {len(result.outcomes)} checks passed"
    assert repr(result) == str(result)


def test_a_component_is_checked_by_kind_and_name() -> None:
    result = check("attention", "channel")
    assert (result.passed, result.distribution, result.kind, result.name) == (True, "priorsr", "attention", "channel")


def test_what_is_no_component_is_a_mistake() -> None:
    with pytest.raises(UnknownNameError, match="'chanel'; did you mean 'channel'"):
        check("attention", "chanel")
    with pytest.raises(OptionError, match="a class, or a kind and a name, was expected"):
        check(Right(4))
    with pytest.raises(OptionError, match="a class, or a kind and a name, was expected"):
        check("attention")


def test_a_wrong_forward_is_reported_once() -> None:
    class TakesNoResidual(Right):
        __doc__ = Right.__doc__

        def forward(self, x: Tensor) -> Tensor:
            return x

    class Misspelt(Right):
        __doc__ = Right.__doc__

        def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
            return self.convolution(x)

    class CannotBeBuilt(Right):
        __doc__ = Right.__doc__

        def __init__(self, channels: int) -> None:
            raise RuntimeError("no")

    class ReturnsNothing(Right):
        __doc__ = Right.__doc__

        def forward(self, x: Tensor, residual: Tensor | None = None) -> None:
            return None

    for component, told in (
        (TakesNoResidual, "takes 2 positional arguments but 3 were given"),
        (Misspelt, "raises AttributeError: 'Misspelt' object has no attribute 'convolution'"),
        (CannotBeBuilt, "cannot be built with channels=16: RuntimeError: no"),
        (ReturnsNothing, "returns a NoneType, not Tensor"),
    ):
        result = check(component)
        (cause,) = result.causes
        assert told in cause.reason
        assert len(cause.checks) >= 3
        assert str(result).count(told) == 1
        assert {outcome.check for outcome in result.outcomes if outcome.status == "failed"} == set(cause.checks)


def test_the_reason_names_the_line_of_the_component_that_raised() -> None:
    class Raises(Right):
        __doc__ = Right.__doc__

        def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
            return torch.cat([x, x[:, :, 1:]], 1)

    line = inspect.getsourcelines(Raises.forward)[1] + 1
    (cause,) = check(Raises).causes
    assert cause.reason.endswith(f" (test_checking.py, line {line})")


def test_undocumented_options_are_counted() -> None:
    class One(Right):
        __doc__ = Right.__doc__

        def __init__(self, channels: int, depth: int = 1) -> None:
            super().__init__(channels)

    class Two(Right):
        __doc__ = Right.__doc__

        def __init__(self, channels: int, depth: int = 1, slope: float = 0.1) -> None:
            super().__init__(channels)

    assert [cause.reason for cause in check(One).causes] == ["the docstring does not name the option depth"]
    assert [cause.reason for cause in check(Two).causes] == ["the docstring does not name the options depth, slope"]


def test_failures_of_different_causes_are_reported_each() -> None:
    class TwoFaults(NaNForEmptyMaps):
        """Says nothing."""

    causes = {cause.checks: cause.reason for cause in check(TwoFaults).causes}
    assert causes == {
        ("finite_results",): "is not finite for arguments that are all zero",
        ("docstring_headings",): "the docstring has no line 'Shapes:'",
    }


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"kind": "fussion"}, "did you mean 'fusion'"),
        ({"kind": None}, "declares kind = None"),
        ({"kind": "fusion"}, "declares no 'prior'"),
        ({"contract": "two"}, "a number from 1 to"),
        ({"contract": 0}, "a number from 1 to"),
        ({"waived": {"shape": "why"}}, "waives 'shape'; did you mean 'shapes'"),
    ],
)
def test_a_wrong_declaration_is_a_failure(facts: dict[str, Any], told: str) -> None:
    result = check(type("Wrong", (Right,), {"__doc__": Right.__doc__, **facts}))
    assert not result.passed
    assert told in str(result)


def test_a_waiver_is_shown_and_one_that_is_not_needed_fails() -> None:
    class Waives(DocstringHeadings):
        """Says nothing of shapes."""

        waived: ClassVar = {"docstring_headings": "it is a test"}

    class WaivesTooMuch(Right):
        __doc__ = Right.__doc__
        waived: ClassVar = {"shapes": "it is a test"}

    assert check(Waives).passed
    assert "waived docstring_headings: it is a test" in str(check(Waives))
    assert "is waived (it is a test), and holds; remove the waiver" in str(check(WaivesTooMuch))


def test_an_earlier_contract_is_told_and_its_author_is_not_failed_by_later_checks() -> None:
    class Earlier(NaNForEmptyMaps):
        __doc__ = Right.__doc__
        contract = 1

    class Later(Right):
        __doc__ = Right.__doc__
        contract = CONTRACT + 1

    earlier = check(Earlier)
    assert earlier.passed
    assert "written for contract 1, and this is 2, which adds finite_results" in earlier.note
    assert "newer finite_results: is not finite" in str(earlier)
    assert "install a newer priorsr" in check(Later).note
    assert check(type("Now", (Right,), {"__doc__": Right.__doc__, "contract": CONTRACT})).note == ""


def test_a_plugins_test_is_told_of_another_contract_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from priorsr import registry

    monkeypatch.setattr(registry, "_state", registry._State())

    class Earlier(NaNForEmptyMaps):
        __doc__ = Right.__doc__
        contract = 1

    registry.register("attention", "earlier")(Earlier)
    cases = {
        case.id.rpartition("-")[2]: case.values[0] for case in parametrize_with_checks(distribution="session").args[1]
    }
    with pytest.warns(PriorsrWarning, match="the attention 'session:earlier' is written for contract 1"):
        cases["shapes"]()
    with pytest.warns(PriorsrWarning), pytest.raises(pytest.skip.Exception, match="not finite"):
        cases["finite_results"]()


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_each_kind_passes(kind: str) -> None:
    module = import_module(f"priorsr.testing.templates.my_{kind}")
    result = check(getattr(module, f"My{kind.capitalize()}"))
    assert result.passed, str(result)
    assert all(outcome.status == "passed" for outcome in result.outcomes), str(result)
