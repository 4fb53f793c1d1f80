"""Run the contract checks of one component; the result can be printed, read by a program, or asked for `passed`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from priorsr.errors import (
    BrokenPluginError,
    MissingExtraError,
    MissingWeightsError,
    OptionError,
    WrongKindError,
    did_you_mean,
    raised,
)
from priorsr.kinds import KINDS
from priorsr.registry import component_of, locate
from priorsr.testing.causes import cause_of, place_of
from priorsr.testing.component_results import Check
from priorsr.testing.contract_checks import checks_of
from priorsr.testing.examples import example_of
from priorsr.testing.versions import CONTRACT, difference, is_newer

Status = Literal["passed", "failed", "waived", "skipped", "newer"]


@dataclass(frozen=True)
class CheckOutcome:
    """The outcome of one check.

    status: "waived" where the component declares why it does not hold, "skipped" where an extra or weights are missing,
        "newer" where it failed and the component pins an earlier contract.
    reason: why it did not pass. cause: the first check that failed of the same cause.
    """

    check: str
    status: Status
    reason: str = ""
    cause: str = ""


class Cause(NamedTuple):
    """Checks that did not pass, for one reason."""

    status: Status
    checks: tuple[str, ...]
    reason: str


@dataclass(frozen=True, repr=False)
class Result:
    """The outcomes of a component's checks; printed as a table.

    distribution, version: where it comes from; empty for a class that was given. note: in what the contract differs
        from the one that the component pins.
    """

    kind: str
    name: str
    distribution: str
    version: str
    outcomes: tuple[CheckOutcome, ...]
    note: str = ""
    contract: int = CONTRACT

    @property
    def passed(self) -> bool:
        """Return whether no check failed."""
        return all(outcome.status != "failed" for outcome in self.outcomes)

    @property
    def causes(self) -> list[Cause]:
        """Return the reasons why checks did not pass, each once."""
        found: dict[tuple[Status, str], list[CheckOutcome]] = {}
        for outcome in self.outcomes:
            if outcome.status != "passed":
                same = outcome.reason if outcome.status in ("skipped", "waived") else outcome.cause or outcome.check
                found.setdefault((outcome.status, same), []).append(outcome)
        return [
            Cause(status, tuple(outcome.check for outcome in same), same[0].reason)
            for (status, _), same in found.items()
        ]

    @property
    def title(self) -> str:
        """Return the component, and how many of its checks passed."""
        passed = sum(outcome.status == "passed" for outcome in self.outcomes)
        origin = f" of {self.distribution} {self.version}".rstrip() if self.distribution else ""
        return f"{self.kind} {self.name!r}{origin}: {passed} of {len(self.outcomes)} checks passed"

    def __str__(self) -> str:
        lines = [self.title, *([f"  note: {self.note}"] if self.note else [])]
        lines += [f"  {cause.status} {', '.join(cause.checks)}: {cause.reason}" for cause in self.causes]
        return "\n".join(lines)

    __repr__ = __str__


def check(component: type | str, name: str | None = None, /) -> Result:
    """Run every contract check of a component: check(MyBlock), or check("fusion", "concat") by kind and name.

    Faults of the component are in the result, and raise nothing. A kind or name that does not exist raises
    UnknownNameError; anything else than a class, or a kind and a name, OptionError.
    """
    if isinstance(component, str) and name is not None:
        offer = locate(component, name)
        where = offer.kind, offer.name, offer.distribution, offer.version
        try:
            return _result(*where, component_of(offer))
        except (BrokenPluginError, WrongKindError) as error:
            return Result(*where, (CheckOutcome("declared_as_its_kind", "failed", str(error)),))
    if not isinstance(component, type) or name is not None:
        raise OptionError(f"check was given {component!r}; a class, or a kind and a name, was expected")
    return _result(getattr(component, "kind", None), component.__name__, "", "", component)


def _result(kind: str | None, name: str, distribution: str, version: str, component: type) -> Result:
    if kind not in KINDS:
        wrong = f"declares kind = {kind!r}; {did_you_mean(str(kind), KINDS)}"
        return Result(str(kind), name, distribution, version, (CheckOutcome("declared_as_its_kind", "failed", wrong),))
    if violation := KINDS[kind].violation(component):
        return Result(kind, name, distribution, version, (CheckOutcome("declared_as_its_kind", "failed", violation),))
    try:
        note = difference(component)
        waived = waivers_of(kind, component)
    except OptionError as error:
        return Result(kind, name, distribution, version, (CheckOutcome("declared_as_its_kind", "failed", str(error)),))
    outcomes: list[CheckOutcome] = []
    causes: dict[object, str] = {}
    for each in checks_of(kind):
        outcome, failure = run_check(each, kind, name, component, waived)
        if failure is not None:
            first = causes.setdefault(cause_of(failure, each, component, causes), each.__name__)
            outcome = CheckOutcome(outcome.check, outcome.status, outcome.reason, first)
        outcomes.append(outcome)
    return Result(kind, name, distribution, version, tuple(outcomes), note)


def run_check(
    check: Check, kind: str, name: str, component: type, waived: Mapping[str, str]
) -> tuple[CheckOutcome, BaseException | None]:
    """Run a check on a class; return its outcome, and the error if it failed."""
    reason = waived.get(check.__name__)
    try:
        check(example_of(kind, name, component))
    except (MissingExtraError, MissingWeightsError) as missing:
        return CheckOutcome(check.__name__, "skipped", str(missing)), None
    except (Exception, SystemExit) as error:  # the component's own code may raise anything
        if reason is not None:
            return CheckOutcome(check.__name__, "waived", reason), None
        status: Status = "newer" if is_newer(check.__name__, component) else "failed"
        return CheckOutcome(check.__name__, status, _told(error, f"{kind} {name!r}: ", component)), error
    if reason is not None:
        kept = f"is waived ({reason}), and holds; remove the waiver"
        return CheckOutcome(check.__name__, "failed", kept), AssertionError(kept)
    return CheckOutcome(check.__name__, "passed"), None


def waivers_of(kind: str, component: type) -> Mapping[str, str]:
    """Return the checks that a class waives in `waived`, with the reasons; raises OptionError if it does so wrongly."""
    waived = getattr(component, "waived", {})
    known = [check.__name__ for check in checks_of(kind)]
    for check in waived:
        if check not in known:
            raise OptionError(f"{component.__qualname__} waives {check!r}; {did_you_mean(str(check), known)}")
    return waived


def _told(error: BaseException, who: str, component: type) -> str:
    if isinstance(error, AssertionError):
        return " ".join(str(error).split()).removeprefix(who) or "an assertion fails"
    place = place_of(error, component)
    return f"raises {raised(error)}" + (f" ({place})" if place else "")
