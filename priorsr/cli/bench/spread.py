"""`priorsr bench spread`: score the same images under all protocols."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli import completion
from priorsr.cli.console import console


def spread(
    results: Annotated[Path, typer.Argument(help="A results folder that keeps SR images.")],
    out: Annotated[Path, typer.Option(help="Folder for spread.json and the pictures.")],
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="Protocol, by id or file; repeatable.",
            show_default="all of the package",
            autocompletion=completion.protocols,
        ),
    ] = None,
) -> None:
    """Score the SR images of a results folder under every protocol, and draw how far the scores differ.

    Examples:
      priorsr bench spread results --out spread
      priorsr bench spread results --out spread --protocol dic@1 pfsr@1
    """
    from priorsr.bench.board.spread import spreads, write_spreads
    from priorsr.files import require_extra

    require_extra("matplotlib", "bench")
    for path in write_spreads(spreads(results, protocol or ()), out):
        console.print(f"written to {path}", soft_wrap=True, markup=False)
