"""`priorsr bench site`: show every result as a static site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli.console import console


def site(
    results: Annotated[Path, typer.Argument(help="A results folder, or a board's.")],
    out: Annotated[Path, typer.Option(help="Folder for the site.")],
    title: Annotated[
        str | None, typer.Option(help="Title of the site.", show_default="the board's, or a general one")
    ] = None,
    faces: Annotated[
        int | None, typer.Option(help="Number of faces of each set to show for comparison.", show_default="all")
    ] = None,
) -> None:
    """Build a static site of every result, with its images; it opens from disk.

    Examples:
      priorsr bench site results --out site
      priorsr bench site results --out site --title 'Our models' --faces 50
    """
    from priorsr.bench.pages.site import build_site

    console.print(f"written to {build_site(results, out, title=title, faces=faces)}", soft_wrap=True, markup=False)
