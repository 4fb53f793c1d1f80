"""`priorsr train`: a recipe, a face set, and a run folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli.console import console, errors


def train(
    recipe: Annotated[str, typer.Argument(help="The recipe's name, see priorsr list recipe.")],
    data: Annotated[
        list[str],
        typer.Option(
            metavar="SET[=WEIGHT]",
            help="Face sets to train on, mixed in proportion to their sizes, or to WEIGHT times that; "
            "the first one's split val is validated on.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The run folder: config, metrics, curves, samples, checkpoints, weights.")],
    preset: Annotated[str | None, typer.Option(help="A preset of the recipe's config, such as paper or nano.")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="K=V", help="Set part of the config: student.width=32; fusion=concat for all."),
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Steps of the whole run, shared out to its stages.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Minutes of the whole run, turned into steps.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, order and noise; 0 unless given.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in OUT, or start it.")] = False,
    extend: Annotated[
        int | None,
        typer.Option(
            metavar="STEPS",
            help="Lengthen the last stage of the finished run in OUT by STEPS, from where its learning rate began to "
            "fall; for the schedules constant and stable_decay.",
        ),
    ] = None,
    precision: Annotated[str, typer.Option(help="auto, float32 or bf16.")] = "auto",
    validate_every: Annotated[int | None, typer.Option(help="Steps; ten times a stage unless given.")] = None,
    log_every: Annotated[int, typer.Option(help="Steps a line of metrics; checkpoints are written where one is.")] = 10,
    checkpoint_seconds: Annotated[float, typer.Option(help="The least time between checkpoints.")] = 60.0,
    track: Annotated[str | None, typer.Option(help="Log to a tracker of Accelerate's, such as tensorboard.")] = None,
) -> None:
    """Train by a recipe; Ctrl-C saves, and --resume goes on as if nothing had happened."""
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
            preset=preset,
            overrides=parse_assignments(assignments) if assignments else None,
            steps=steps,
            minutes=minutes,
            seed=seed,
            resume=resume,
            extend=extend,
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
    """A process that ends while it is in a group may be aborted."""
    from torch import distributed

    if distributed.is_initialized():
        distributed.destroy_process_group()
