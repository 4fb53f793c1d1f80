"""Options that several commands of `priorsr bench` take, and what they report alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from priorsr.cli.console import console

if TYPE_CHECKING:
    from rich.table import Table

Data = Annotated[Path, typer.Option(help="The face set.")]
Split = Annotated[str, typer.Option(help="Which of its splits.")]
Rerun = Annotated[bool, typer.Option("--rerun", help="Run what is finished again.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Faces at once.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Given = Annotated[
    Literal["none", "ground-truth"], typer.Option(help="What models that can do without a prior are given.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Protocols = Annotated[list[str], typer.Option(help="A protocol's id, such as priorsr@1, or a file; repeatable.")]
SaveOutputs = Annotated[bool, typer.Option(help="Keep the SR images.")]
Scores = Annotated[list[str] | None, typer.Option(help="A score beside the protocol's, by name.")]


def print_study(summary: Table, files: Path) -> None:
    """Print a study's summary, and where the rest of it is."""
    console.print(summary)
    console.print(f"written to {files}.json, .md and .png", soft_wrap=True, markup=False)


def require_training_and_pictures() -> None:
    """Raise MissingExtraError unless a study can train and draw."""
    from priorsr.files import require_extra

    for package, extra in (("accelerate", "train"), ("matplotlib", "bench"), ("scipy", "bench")):
        require_extra(package, extra)
