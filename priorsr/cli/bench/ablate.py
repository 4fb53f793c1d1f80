"""`priorsr bench ablate`: train and compare variants of a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli import completion
from priorsr.cli.bench.shared_options import (
    RECIPE,
    BatchSize,
    Cluster,
    Data,
    Device,
    Given,
    Jobs,
    Json,
    Protocols,
    SaveOutputs,
    Scores,
    Split,
    on_cluster,
    print_study,
    require_training_and_pictures,
)
from priorsr.cli.console import errors, print_json
from priorsr.text import command_line


def ablate(
    recipe: Annotated[
        str,
        typer.Argument(
            help="The recipe's name; priorsr list recipe shows them.", autocompletion=completion.of_kind("recipe")
        ),
    ],
    data: Data,
    split: Split,
    out: Annotated[Path, typer.Option(help="Folder for runs, results, table and picture.")],
    vary: Annotated[
        list[str],
        typer.Option(metavar="K=V,V", help="Values to try for part of the config, such as attention=channel,simam."),
    ],
    steps: Annotated[int, typer.Option(help="Training steps per run, all stages together.")],
    seeds: Annotated[int, typer.Option(help="Number of training runs per variant, each with a seed of its own.")] = 3,
    full: Annotated[
        bool, typer.Option("--full", help="Try every combination of values, instead of one change at a time.")
    ] = False,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Start from this preset of the recipe's config, such as nano.",
            show_default="paper",
            rich_help_panel=RECIPE,
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="K=V", help="Set part of the base's config.", rich_help_panel=RECIPE),
    ] = None,
    product: Annotated[
        str | None,
        typer.Option(help="Module to score.", show_default="that of the last stage", rich_help_panel=RECIPE),
    ] = None,
    protocol: Protocols = ["priorsr@1"],  # noqa: B006  # Typer copies it
    score: Scores = None,
    prior: Given = "none",
    jobs: Jobs = 1,
    cluster: Cluster = None,
    batch_size: BatchSize = 16,
    save_outputs: SaveOutputs = True,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train variants of a recipe alike, with several seeds, and compare each with the base.

    After an interruption, the same command continues; with more --seeds, it adds runs to a finished study.

    Examples:
      priorsr bench ablate kdfsrnet --data faces --split val --out study \\
        --preset nano --steps 2000 --vary attention=channel,simam
    """
    require_training_and_pictures()
    from priorsr.bench import ablate
    from priorsr.bench.studies.ablation_report import summary
    from priorsr.bench.studies.variants import parse_vary
    from priorsr.training.overrides import parse_assignments

    with on_cluster(cluster, out) as executor:
        study = ablate(
            recipe,
            data=data,
            split=split,
            out=out,
            vary=parse_vary(vary),
            steps=steps,
            seeds=seeds,
            full=full,
            preset=preset,
            overrides=parse_assignments(assignments or ()),
            product=product,
            protocols=protocol,
            scores=score or (),
            prior=prior,
            jobs=jobs,
            executor=executor,
            batch_size=batch_size,
            save_outputs=save_outputs,
            device=device,
            command=command_line(),
            console=errors,
        )
    if as_json:
        print_json(study.model_dump(mode="json"))
    else:
        print_study(summary(study), out / "ablation")
