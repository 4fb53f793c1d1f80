"""`priorsr bench report`: a training run as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli.console import console


def report(
    run: Annotated[Path, typer.Argument(help="A training run's folder, finished or not.")],
    out: Annotated[Path | None, typer.Option(help="The HTML file; RUN/report.html unless given.")] = None,
    results: Annotated[Path | None, typer.Option(help="A results folder, to show its scores of the weights.")] = None,
) -> None:
    """Make one page of a training run: curves, samples over time, scores, how to repeat it; it needs no other file."""
    from priorsr.bench.pages.run import build_report

    console.print(f"written to {build_report(run, out, results=results)}", soft_wrap=True, markup=False)
