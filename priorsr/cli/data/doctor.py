"""`priorsr data doctor`: check a face set."""

from __future__ import annotations

import dataclasses
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli import completion
from priorsr.cli.console import console, print_json
from priorsr.continued_table import ContinuedTable
from priorsr.terminal import styled

SHOWN = 10  # findings of a kind; a set may have thousands


def doctor(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="A face set.")],
    lr: Annotated[
        Path | None, typer.Option(help="LR images to compare with the set.", show_default="DIR/lr, if it exists")
    ] = None,
    reduction: Annotated[
        str,
        typer.Option(help="Kernel that should have made the LR images.", autocompletion=completion.reductions),
    ] = "pil-bicubic",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a face set: files, sizes, maps, landmarks, splits, its manifest and its LR images.

    The exit code is 2 if something is wrong.

    Examples:
      priorsr data doctor faces
      priorsr data doctor faces --lr their-lr --reduction matlab-bicubic
    """
    from priorsr.data.doctor import examine

    report = examine(path, lr=lr, reduction=reduction)
    if as_json:
        print_json({"ok": not report.findings, **dataclasses.asdict(report)})
    else:
        for note in report.notes:
            console.print(note, soft_wrap=True)
        table = ContinuedTable("check", "where", "what is wrong")
        for check, found in groupby(report.findings, key=lambda finding: finding.check):
            alike = list(found)
            for finding in alike[:SHOWN]:
                table.add_row(styled((check, "red")), styled(finding.where), styled(finding.problem))
            if len(alike) > SHOWN:
                table.add_row(styled((check, "red")), f"and {len(alike) - SHOWN} more", "--json lists them all")
        console.print(table if report.findings else styled(("nothing is wrong", "green")))
    if report.findings:
        raise typer.Exit(2)
