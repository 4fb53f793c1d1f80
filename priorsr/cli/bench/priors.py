"""`priorsr bench priors`: score a model with its true prior, and with others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli import completion
from priorsr.cli.bench.shared_options import (
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
from priorsr.cli.console import print_json
from priorsr.text import command_line

CASES = "Priors to try"


def priors(
    model: Annotated[
        str,
        typer.Argument(help="A weights file, a training run's folder, or a name.", autocompletion=completion.models),
    ],
    data: Data,
    split: Split,
    out: Annotated[Path, typer.Option(help="Folder for results, table and picture; results in it are kept.")],
    name: Annotated[str | None, typer.Option(help="Label of the model in tables.")] = None,
    estimator: Annotated[
        str | None,
        typer.Option(
            help="Estimator of priors, by name or weights file.",
            autocompletion=completion.of_kind("estimator"),
            rich_help_panel=CASES,
        ),
    ] = None,
    shift: Annotated[
        list[float] | None,
        typer.Option(
            help="Shift of the prior in HR pixels; repeatable.", show_default="1, 2, 4, 8, 16", rich_help_panel=CASES
        ),
    ] = None,
    blur: Annotated[
        list[float] | None,
        typer.Option(
            help="Blur of the prior, its sigma in HR pixels; repeatable.",
            show_default="1, 2, 4, 8",
            rich_help_panel=CASES,
        ),
    ] = None,
    protocol: Protocols = ["priorsr@1"],  # noqa: B006  # Typer copies it
    score: Scores = None,
    batch_size: BatchSize = 16,
    save_outputs: SaveOutputs = True,
    rerun: Rerun = False,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Score one model with its true prior, and with estimated, shifted, blurred, another face's and absent ones.

    Examples:
      priorsr bench priors runs/first --data faces --split val --out study \\
        --estimator parsing_net
      priorsr bench priors runs/first --data faces --split val --out study \\
        --shift 1 2 4 --blur 2
    """
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
