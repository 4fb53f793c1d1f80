"""`priorsr`: its commands, and how a user's mistake is told."""

from __future__ import annotations

import sys

import typer

from priorsr.cli import bench, catalogue, data, demo, doctor, train, weights
from priorsr.cli.console import errors
from priorsr.errors import PriorsrError

app = typer.Typer(
    help="Prior-guided face super-resolution: components, four published systems, and a benchmark.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list")(catalogue.list_components)
app.command("info")(catalogue.info)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)
app.command("train")(train.train)
app.add_typer(data.app, name="data", help="Make, import and examine face sets.")
app.add_typer(bench.app, name="bench", help="Score models, and show the scores.")
app.add_typer(weights.app, name="weights", help="Read weights that others released.")


@app.callback(invoke_without_command=True)
def options(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        from priorsr.version import __version__

        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; a user's mistake is one sentence on stderr and exit code 2."""
    try:
        app()
    except PriorsrError as error:
        errors.print(f"[bold red]error:[/] {_escape(str(error))}", soft_wrap=True)
        sys.exit(2)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)


if __name__ == "__main__":
    main()
