"""`priorsr bench priors`: one model with its true prior, and with others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli.bench.options import (
    BatchSize,
    Data,
    Device,
    Json,
    Protocols,
    Rerun,
    SaveOutputs,
    Scores,
    Split,
    print_study,
    require_training_and_pictures,
)
from priorsr.cli.command import command_line
from priorsr.cli.console import print_json


def priors(
    model: Annotated[str, typer.Argument(help="A weights file, or a training run's folder.")],
    data: Data,
    split: Split,
    out: Annotated[Path, typer.Option(help="The folder for results, table and picture; results there are kept.")],
    estimator: Annotated[str | None, typer.Option(help="What estimates priors: a weights file, or a name.")] = None,
    shift: Annotated[
        list[float] | None, typer.Option(help="HR pixels to move the prior by; 1, 2, 4, 8 and 16 unless given.")
    ] = None,
    blur: Annotated[list[float] | None, typer.Option(help="Sigma in HR pixels; 1, 2, 4 and 8 unless given.")] = None,
    protocol: Protocols = ["priorsr@1"],  # noqa: B006  # Typer copies it
    score: Scores = None,
    name: Annotated[str | None, typer.Option(help="What to call the model.")] = None,
    batch_size: BatchSize = 16,
    save_outputs: SaveOutputs = True,
    rerun: Rerun = False,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Score one model with its true prior, and with estimated, shifted, blurred, another face's and absent ones."""
    require_training_and_pictures()
    from priorsr.bench import priors
    from priorsr.bench.studies.prior_report import summary
    from priorsr.bench.studies.prior_study import BLURS, SHIFTS

    study = priors(
        model,
        data=data,
        split=split,
        out=out,
        estimator=estimator,
        shifts=SHIFTS if shift is None else shift,
        blurs=BLURS if blur is None else blur,
        protocols=protocol,
        scores=score or (),
        name=name,
        batch_size=batch_size,
        save_outputs=save_outputs,
        rerun=rerun,
        device=device,
        command=command_line(),
    )
    if as_json:
        print_json(study.model_dump(mode="json"))
    else:
        print_study(summary(study), out / "priors")
