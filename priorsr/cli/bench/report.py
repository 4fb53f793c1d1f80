"""`priorsr bench report`: show a training run as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli.console import console


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A training run's folder, finished or not.")],
    out: Annotated[Path | None, typer.Option(help="HTML file to write.", show_default="RUN/report.html")] = None,
    results: Annotated[Path | None, typer.Option(help="Results folder, whose scores of the weights are shown.")] = None,
) -> None:
    """Build a page of a training run: curves, samples over time, scores, and the command that repeats it.

    The page is one file, and loads no other.

    Examples:
      priorsr bench report runs/first
      priorsr bench report runs/first --results results --out first.html
    """
    from priorsr.bench.pages.run import build_report

    console.print(f"written to {build_report(run, out, results=results)}", soft_wrap=True, markup=False)
