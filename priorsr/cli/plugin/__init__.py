"""`priorsr plugin`: start a distribution with components of one's own, and check what it offers."""

from __future__ import annotations

import typer

from priorsr.cli.help import Command
from priorsr.cli.plugin import check, new

app = typer.Typer(no_args_is_help=True)


@app.callback()
def plugin() -> None:
    """Start a plugin, and check components against the contract of their kind."""


app.command("new", cls=Command)(new.new)
app.command("check", cls=Command)(check.check)
