"""`priorsr bench init-board`: start a leaderboard of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli import completion
from priorsr.cli.console import console
from priorsr.text import command_line


def init_board(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new folder; it must not exist.")],
    data: Annotated[list[Path], typer.Option(help="Face set that is scored; repeatable.")],
    split: Annotated[str, typer.Option(help="Split of every face set.")],
    protocol: Annotated[
        list[str],
        typer.Option(
            help="Protocol: an id such as priorsr@1, or a file NAME@V.toml; repeatable. The first is the default.",
            autocompletion=completion.protocols,
        ),
    ],
    title: Annotated[
        str | None, typer.Option(help="Title of the board.", show_default="Face super-resolution, compared")
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DISTRIBUTION",
            help="Distribution whose models may be run to verify a submission; repeatable.",
            show_default="priorsr",
        ),
    ] = None,
) -> None:
    """Start a leaderboard: a repository with board file, first rows, README, and workflows that verify and publish.

    Images are in it only of face sets whose licence permits to publish them.

    Examples:
      priorsr bench init-board board --data faces --split test \\
        --protocol dic@1
      priorsr bench init-board board --data faces --split test \\
        --protocol priorsr@1 dic@1 --title 'Faces of our lab' \\
        --allow priorsr priorsr-pkdn
    """
    from priorsr.bench.repository.new_board import TITLE
    from priorsr.bench.repository.new_board import init_board as make_board
    from priorsr.plugins import OWN

    written = make_board(
        folder,
        data=data,
        split=split,
        protocols=protocol,
        title=title or TITLE,
        allowed_distributions=[OWN] if allow is None else allow,
        command=command_line(),
    )
    for path in written:
        console.print(str(path), soft_wrap=True)
    console.print(
        f"\nnext: see {folder / 'MAINTAINING.md'}, and priorsr bench site {folder} --out site", soft_wrap=True
    )
