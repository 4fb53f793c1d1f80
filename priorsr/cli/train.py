"""`priorsr train`: train by a recipe on face sets, into a run folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from priorsr.cli import completion
from priorsr.cli.console import console, errors

RECIPE, LENGTH, RUNNING, SHARDS = "Recipe", "Length of the run", "Running", "Shards"


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            help="The recipe's name; priorsr list recipe shows them.", autocompletion=completion.of_kind("recipe")
        ),
    ],
    data: Annotated[
        list[str],
        typer.Option(
            metavar="SET[=WEIGHT]",
            help="Train on these face sets, mixed in proportion to their sizes times WEIGHT, or on shards (a folder or "
            "URL); validate on the split val of the first.",
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="Folder for the run: config, metrics, curves, samples, checkpoints, weights.")
    ],
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
        typer.Option(
            "--set",
            metavar="K=V",
            help="Set part of the config, such as student.width=32, or fusion=concat wherever there is a fusion.",
            rich_help_panel=RECIPE,
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="Training steps of the whole run, divided among its stages.", rich_help_panel=LENGTH),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="Minutes of the whole run, converted to steps at its start.", rich_help_panel=LENGTH),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run in OUT, or start it.", rich_help_panel=LENGTH)
    ] = False,
    extend: Annotated[
        int | None,
        typer.Option(
            metavar="STEPS",
            help="Lengthen the last stage of the finished run in OUT by STEPS, from where its learning rate began to "
            "fall; for the schedules constant and stable_decay.",
            rich_help_panel=LENGTH,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Seed for initial weights, order of the faces and noise.", show_default="0", rich_help_panel=RUNNING
        ),
    ] = None,
    precision: Annotated[
        str,
        typer.Option(
            help="Compute in float32 or bf16; auto takes bf16 where the device has it.",
            autocompletion=completion.precisions,
            rich_help_panel=RUNNING,
        ),
    ] = "auto",
    threads: Annotated[
        int | None,
        typer.Option(
            help="Number of CPU threads.",
            show_default="as many as there are free cores, or those of the resumed run",
            rich_help_panel=RUNNING,
        ),
    ] = None,
    validate_every: Annotated[
        int | None,
        typer.Option(help="Steps between validations.", show_default="a tenth of the stage", rich_help_panel=RUNNING),
    ] = None,
    log_every: Annotated[
        int,
        typer.Option(
            help="Steps between lines of metrics; checkpoints are written at these steps only.", rich_help_panel=RUNNING
        ),
    ] = 10,
    checkpoint_seconds: Annotated[
        float, typer.Option(help="Least time in seconds between checkpoints.", rich_help_panel=RUNNING)
    ] = 60.0,
    workers: Annotated[
        int, typer.Option(help="Processes that read shards; 0 reads them in a thread.", rich_help_panel=SHARDS)
    ] = 0,
    broken: Annotated[
        Literal["replace", "stop"],
        typer.Option(
            help="Replace faces in shards that cannot be read, and report them at the end, or stop at the first.",
            rich_help_panel=SHARDS,
        ),
    ] = "replace",
    track: Annotated[
        str | None,
        typer.Option(help="Log to this tracker of Accelerate's, such as tensorboard.", rich_help_panel=RUNNING),
    ] = None,
) -> None:
    """Train a model by a recipe on face sets.

    Ctrl-C saves the run, and the same command with --resume continues it as if nothing had happened.

    Examples:
      priorsr train kdfsrnet --preset nano --data faces --out runs/first
      priorsr train kdfsrnet --data faces=2 drawn --out runs/2 --set width=32
      priorsr train kdfsrnet --preset nano --data faces --out runs/first --resume
      priorsr train kdfsrnet --data shards --out runs/3 --workers 4
    """
    from priorsr.files import require_extra

    for package in ("accelerate", "matplotlib"):
        require_extra(package, "train")
    from priorsr.training import TrainingInterruptedError
    from priorsr.training import train as run
    from priorsr.training.overrides import parse_assignments
    from priorsr.training.validation_scores import score_text

    try:
        result = run(
            recipe,
            data,
            out,
            workers=workers,
            broken=broken,
            preset=preset,
            overrides=parse_assignments(assignments) if assignments else None,
            steps=steps,
            minutes=minutes,
            seed=seed,
            resume=resume,
            extend=extend,
            threads=threads,
            precision=precision,
            validate_every=validate_every,
            log_every=log_every,
            checkpoint_seconds=checkpoint_seconds,
            track=track,
            console=errors,
        )
    except TrainingInterruptedError:
        _leave_group()
        raise
    _leave_group()
    if os.environ.get("RANK", "0") != "0":  # torchrun's other processes have nothing to add
        return
    for stage, weights in result.products.items():
        console.print(f"{weights}  val {score_text(*result.scores[stage])}", soft_wrap=True)


def _leave_group() -> None:
    """Leave torch's process group, in which a process that ends may be aborted."""
    from torch import distributed

    if distributed.is_initialized():
        distributed.destroy_process_group()
