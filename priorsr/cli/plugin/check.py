"""`priorsr plugin check`: the contract checks of a plugin, a component or a script, as a table with reasons."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from priorsr.cli.console import console, print_json
from priorsr.continued_table import ContinuedTable
from priorsr.errors import OptionError, UnknownNameError, did_you_mean
from priorsr.kinds import KINDS, get_kind
from priorsr.plugins import FILE, normalise
from priorsr.registry import offer_of, offers
from priorsr.scripts import read_script
from priorsr.scripts import run as run_script
from priorsr.terminal import styled

if TYPE_CHECKING:
    from priorsr.testing import Result

_COLOURS = {"passed": "green", "failed": "bold red", "newer": "yellow"}


def check(
    what: Annotated[str, typer.Argument(metavar="NAME|FILE.py", help="A distribution, a component or a file.")],
    kind: Annotated[str | None, typer.Option(help="Only components of this kind.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check components against the contract of their kind; exit with 1 if one fails.

    Failures of one cause are reported once. A check is skipped where an extra or weights are missing.

    Examples:
      priorsr plugin check fsr-gate
      priorsr plugin check my_fusion.py --json
    """
    results = _of_file(Path(what), kind) if what.endswith(".py") else _by_name(what, kind)
    if as_json:
        print_json([{**asdict(result), "passed": result.passed} for result in results])
    else:
        for result in results:
            _show(result)
    if not all(result.passed for result in results):
        raise typer.Exit(1)


def _by_name(what: str, kind: str | None) -> list[Result]:
    """Check the components of a distribution, or of a name; raises UnknownNameError if there are none."""
    from priorsr.testing import check as run

    kinds = [get_kind(kind).name] if kind else list(KINDS)
    offered = [offer for each in kinds for offer in offers(each)]
    found = [offer for offer in offered if normalise(what) == offer.distribution]
    found = found or [offer for offer in offered if what in (offer.name, f"{offer.distribution}:{offer.name}")]
    if not found:
        known = {offer.distribution for offer in offered} | {offer.name for offer in offered}
        of_kind = f" of the kind {kind}" if kind else ""
        raise UnknownNameError(f"there is no plugin or component {what!r}{of_kind}; {did_you_mean(what, known)}")
    return [run(offer.kind, f"{offer.distribution}:{offer.name}") for offer in found]


def _of_file(path: Path, kind: str | None) -> list[Result]:
    """Check the classes with a kind that a file defines, registered or not; raises UnknownNameError if it has none."""
    from priorsr.testing import check as run

    script = read_script(path)
    module = run_script(script)
    mine = [each for each in vars(module).values() if getattr(each, "__module__", None) == module.__name__]
    found = [each for each in mine if isinstance(each, type) and hasattr(each, "kind")]
    found = [each for each in dict.fromkeys(found) if kind in (None, each.kind)]
    if not found:
        of_kind = f"the kind {kind!r}" if kind else "a kind"
        raise UnknownNameError(f"{path}: defines no class of {of_kind}; kind = KIND in a class was expected")
    return [replace(run(each), name=_name(each), distribution=FILE, version=script.version) for each in found]


def _name(component: type) -> str:
    """Return the name that a class is registered by, or its own."""
    try:
        return offer_of(str(getattr(component, "kind", "")), component).name
    except (OptionError, UnknownNameError):
        return component.__name__


def _show(result: Result) -> None:
    console.print(styled((result.title, "bold")), soft_wrap=True)
    if result.note:
        console.print(f"note: {result.note}", soft_wrap=True)
    table = ContinuedTable("", "checks", "reason")
    for cause in result.causes:
        table.add_row(styled((cause.status, _COLOURS.get(cause.status, "dim"))), ", ".join(cause.checks), cause.reason)
    passed = [outcome.check for outcome in result.outcomes if outcome.status == "passed"]
    if passed:
        table.add_row(styled(("passed", _COLOURS["passed"])), ", ".join(passed), "")
    console.print(table)
    console.print()
