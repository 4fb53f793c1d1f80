"""`priorsr bench verify`: check a submission."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli.console import console, print_json

SHOWN = 20  # differences; a submission may have thousands


def verify(
    bundle: Annotated[Path, typer.Argument(metavar="SUBMISSION", help="A file that priorsr bench pack made.")],
    data: Annotated[Path, typer.Option(help="Face set that was scored.")],
    protocol: Annotated[
        list[Path] | None,
        typer.Option(help="File NAME@V.toml of a protocol that is not in the package; repeatable."),
    ] = None,
    rerun: Annotated[
        int | None,
        typer.Option(
            help="Number of faces to run again from the weights.", show_default="none, or 8 without SR images"
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed that chooses the faces to run again.", show_default="unpredictable")
    ] = None,
    into: Annotated[Path | None, typer.Option(help="Add it to this results folder if nothing differs.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Verify a submission: compute its scores again, or run faces again, and report every difference.

    The exit code is 2 if anything differs.

    Examples:
      priorsr bench verify mine.zip --data faces
      priorsr bench verify mine.zip --data faces --rerun 20 --into leaderboard
    """
    from priorsr.bench.store.verification import TIERS
    from priorsr.bench.submissions.bundle import Bundle
    from priorsr.bench.submissions.verify import add
    from priorsr.bench.submissions.verify import verify as verify_bundle
    from priorsr.infinity import json_value

    with Bundle(bundle) as opened:
        report = verify_bundle(opened, data, protocols=protocol or (), faces=rerun, seed=seed)
        if into and not report.differences:
            add(opened, report, into)
    if as_json:
        print_json({**json_value(dataclasses.asdict(report)), "records": [record.id for record in report.records]})
    else:
        count, tier = len(report.differences), report.tier
        left = f", but not {', '.join(report.not_checked)}" if report.not_checked else ""
        found = f"{count} difference{'s' * (count > 1)}" if count else f"true, tier {tier}: {TIERS[tier]}{left}"
        for text in (
            *map(str, report.differences[:SHOWN]),
            *([f"and {count - SHOWN} more; --json lists all"] if count > SHOWN else []),
            *(f"not verified: {name}: {reason}" for name, reason in report.not_checked.items()),
            found,
            *([f"added to {into}"] if into and not count else []),
        ):
            console.print(f"{bundle}: {text}", soft_wrap=True, markup=False, highlight=False)
    if report.differences:
        raise typer.Exit(2)
