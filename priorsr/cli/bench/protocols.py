"""`priorsr bench protocols`: list the protocols of this package, show one, copy one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli import completion
from priorsr.cli.console import console, print_json
from priorsr.cli.help import Command, CommandGroup
from priorsr.continued_table import ContinuedTable
from priorsr.terminal import styled

app = typer.Typer(cls=CommandGroup, invoke_without_command=True)

Name = Annotated[str, typer.Argument(help="A protocol's id, such as dic@1.", autocompletion=completion.protocols)]


@app.callback()
def protocols(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """List the protocols of this package, with their scores and hashes; show or copy one.

    Examples:
      priorsr bench protocols
      priorsr bench protocols show dic@1
    """
    if context.invoked_subcommand is not None:
        return
    from priorsr.metrics import load_protocol, protocol_names

    found = [load_protocol(name) for name in protocol_names()]
    if as_json:
        print_json(
            [
                {
                    "id": each.id,
                    "hash": each.content_hash,
                    "description": each.description,
                    "scores": list(each.scoring.scores),
                }
                for each in found
            ]
        )
        return
    table = ContinuedTable("id", "hash", "LR by", "scores", "description")
    for each in found:
        kernel, scores = each.reduction.kernel, ", ".join(each.scoring.scores)
        table.add_row(
            styled((each.id, "cyan")), each.short_hash, f"{kernel} x{each.reduction.scale}", scores, each.description
        )
    console.print(table)


@app.command(cls=Command)
def show(name: Name) -> None:
    """Print a protocol's file.

    Examples:
      priorsr bench protocols show dic@1
    """
    from priorsr.metrics.protocol import protocol_text

    console.file.write(protocol_text(name))


@app.command(cls=Command)
def copy(
    name: Name, file: Annotated[Path, typer.Argument(help="The new file, NAME@V.toml; it must not exist yet.")]
) -> None:
    """Copy a protocol's file, to change it; --protocol takes a file wherever it takes an id.

    Examples:
      priorsr bench protocols copy dic@1 mine@1.toml
    """
    from priorsr.errors import DataError
    from priorsr.files import atomic_text
    from priorsr.metrics.protocol import check_file_name, protocol_text

    text = protocol_text(name)
    check_file_name(file)
    if file.exists():
        raise DataError(f"{file}: exists already; a new file was expected")
    atomic_text(file, text)
    console.print(f"written to {file}", soft_wrap=True)
