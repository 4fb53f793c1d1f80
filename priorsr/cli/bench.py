"""`priorsr bench`: score models, and show the scores."""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from priorsr.cli.console import console, errors, print_json
from priorsr.cli.several import SeveralValues

app = typer.Typer(no_args_is_help=True)


@app.callback()
def bench() -> None:
    """Score models, and show the scores."""


@app.command(cls=SeveralValues)
def run(
    model: Annotated[
        list[str],
        typer.Option(help="A weights file, a training run's folder, or the name of a model without parameters."),
    ],
    data: Annotated[Path, typer.Option(help="The face set.")],
    split: Annotated[str, typer.Option(help="Which of its splits.")],
    protocol: Annotated[list[str], typer.Option(help="A protocol's id, such as priorsr@1, or a file NAME@V.toml.")],
    out: Annotated[Path, typer.Option(help="The results folder; results that it holds already are kept.")],
    prior: Annotated[
        Literal["none", "ground-truth"], typer.Option(help="What models that can do without a prior are given.")
    ] = "none",
    score: Annotated[list[str] | None, typer.Option(help="A score beside the protocol's, by name.")] = None,
    batch_size: Annotated[int, typer.Option(min=1)] = 16,
    save_outputs: Annotated[bool, typer.Option(help="Keep the SR images.")] = True,
    again: Annotated[bool, typer.Option("--again", help="Run what is finished again.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: records without their images' scores.")] = False,
) -> None:
    """Score models on a split under protocols, bicubic beside them; --model and --protocol take one or several."""
    from priorsr import bench
    from priorsr.bench.results import record_path
    from priorsr.bench.terminal import LEGEND

    began = datetime.now(UTC).replace(microsecond=0)
    records = bench.run(
        ["bicubic", *(name for name in model if name != "bicubic")],
        data=data,
        split=split,
        protocols=protocol,
        out=out,
        prior=prior,
        scores=score or (),
        batch_size=batch_size,
        save_outputs=save_outputs,
        again=again,
        device=device,
        seed=seed,
        command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    )
    if as_json:
        without_images = {"scores": {"__all__": {"per_image"}}}
        print_json(
            [
                {"file": str(record_path(out, record.id)), **record.model_dump(mode="json", exclude=without_images)}
                for record in records
            ]
        )
        return
    for table in bench.tables(records):
        console.print(table)
        console.print()
    console.print(LEGEND, style="dim")
    for name, reason in records[0].absent.items():
        errors.print(f"{name} is left out: {reason}", soft_wrap=True, markup=False)
    kept = sum(record.created < began for record in records)
    if kept:
        errors.print(f"{kept} of {len(records)} results were there already and are kept; --again runs them again")


@app.command()
def site(
    results: Annotated[Path, typer.Argument(help="A results folder.")],
    out: Annotated[Path, typer.Option(help="The folder for the page.")],
    title: Annotated[str, typer.Option(help="The page's title.")] = "Face super-resolution, compared",
) -> None:
    """Build a static page of every result, with its images; it opens from disk."""
    from priorsr.bench.site import build_site

    console.print(f"written to {build_site(results, out, title=title)}", soft_wrap=True, markup=False)
