"""Options of several commands of `priorsr bench`, and their common output."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from priorsr.cli import completion
from priorsr.cli.console import console

if TYPE_CHECKING:
    from rich.table import Table

RECIPE, SCORING, RUNNING = "Recipe", "Scoring", "Running"  # panels of the help

Data = Annotated[Path, typer.Option(help="Face set.")]
Split = Annotated[str, typer.Option(help="Split of the face set, such as val.")]
Rerun = Annotated[bool, typer.Option("--rerun", help="Compute finished results again.", rich_help_panel=RUNNING)]
BatchSize = Annotated[int, typer.Option(min=1, help="Number of faces at once.", rich_help_panel=RUNNING)]
Device = Annotated[
    str,
    typer.Option(help="Run models on auto, cpu or cuda.", autocompletion=completion.devices, rich_help_panel=RUNNING),
]
Given = Annotated[
    Literal["none", "ground-truth"],
    typer.Option(help="Prior for models that can do without one.", rich_help_panel=SCORING),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Protocols = Annotated[
    list[str],
    typer.Option(
        help="Protocol: an id such as priorsr@1, or a file; repeatable.",
        autocompletion=completion.protocols,
        rich_help_panel=SCORING,
    ),
]
Jobs = Annotated[
    int,
    typer.Option(help="Number of runs at once, each with its share of this machine's cores.", rich_help_panel=RUNNING),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Run on a cluster: dask://HOST:PORT, or slurm, with options as in slurm:partition=gpu,time=240.",
        show_default="this machine",
        rich_help_panel=RUNNING,
    ),
]
SaveOutputs = Annotated[bool, typer.Option(help="Keep the SR images.", rich_help_panel=RUNNING)]
Scores = Annotated[
    list[str] | None,
    typer.Option(
        help="Score beyond the protocol's, by name; repeatable.",
        autocompletion=completion.of_kind("score"),
        rich_help_panel=SCORING,
    ),
]


@contextmanager
def on_cluster(address: str | None, out: Path) -> Iterator[Executor | None]:
    """Yield the executor of --cluster, or None without one."""
    if address is None:
        yield None
        return
    from priorsr.bench import open_cluster

    with open_cluster(address, out) as executor:
        yield executor


def print_study(summary: Table, files: Path) -> None:
    """Print a study's summary, and where the rest of it is."""
    console.print(summary)
    console.print(f"written to {files}.json, .md and .png", soft_wrap=True, markup=False)


def require_training_and_pictures() -> None:
    """Raise MissingExtraError unless a study can train and draw."""
    from priorsr.files import require_extra

    for package, extra in (("accelerate", "train"), ("matplotlib", "bench"), ("scipy", "bench")):
        require_extra(package, extra)
