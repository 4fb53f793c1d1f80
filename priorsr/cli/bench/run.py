"""`priorsr bench run`: score models on a split, under protocols."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from priorsr.cli import completion
from priorsr.cli.bench.shared_options import (
    BatchSize,
    Cluster,
    Data,
    Device,
    Given,
    Jobs,
    Rerun,
    SaveOutputs,
    Scores,
    Split,
    on_cluster,
)
from priorsr.cli.console import console, errors, print_json
from priorsr.text import command_line


def run(
    model: Annotated[
        list[str],
        typer.Option(
            help="Model to score: a name, a weights file, or a training run's folder; repeatable.",
            autocompletion=completion.models,
        ),
    ],
    data: Data,
    split: Split,
    protocol: Annotated[
        list[str],
        typer.Option(
            help="Protocol: an id such as priorsr@1, or a file NAME@V.toml; repeatable.",
            autocompletion=completion.protocols,
        ),
    ],
    out: Annotated[Path, typer.Option(help="Results folder; results in it are kept.")],
    prior: Given = "none",
    score: Scores = None,
    batch_size: BatchSize = 16,
    save_outputs: SaveOutputs = True,
    rerun: Rerun = False,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    device: Device = "auto",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the records as JSON, without the scores of each face.")
    ] = False,
) -> None:
    """Score models on a split of a face set under protocols, with bicubic interpolation beside them.

    After an interruption, the same command continues; results that exist are not computed again. Under torchrun, the
    processes share the faces.

    Examples:
      priorsr bench run --model runs/first --data faces --split val \\
        --protocol priorsr@1 --out results
      priorsr bench run --model pkdn runs/first --data faces --split test \\
        --protocol dic@1 pfsr@1 --score lpips --out results
    """
    from priorsr import bench
    from priorsr.bench.board.terminal_tables import LEGEND
    from priorsr.bench.store.results import record_path

    began = datetime.now(UTC).replace(microsecond=0)
    with on_cluster(cluster, out) as executor:
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
            rerun=rerun,
            device=device,
            command=command_line(),
            jobs=jobs,
            executor=executor,
        )
    if os.environ.get("RANK", "0") != "0":  # torchrun's other processes have nothing to add
        return
    if as_json:
        without_images: dict[str, Any] = {"images": True, "scores": {"__all__": {"per_image"}}}
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
        errors.print(f"{kept} of {len(records)} results were there already and are kept; --rerun runs them again")
