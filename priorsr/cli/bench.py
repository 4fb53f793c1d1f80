"""`priorsr bench`: score models, and show the scores."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from priorsr.cli import compare, protocols, report, score, spread, submissions
from priorsr.cli.command import command_line
from priorsr.cli.console import console, errors, print_json
from priorsr.cli.several import SeveralValues

if TYPE_CHECKING:
    from rich.table import Table

app = typer.Typer(no_args_is_help=True)
app.command("compare")(compare.compare)
app.command("pack")(submissions.pack)
app.command("verify")(submissions.verify)
app.command("report")(report.report)
app.command("spread")(spread.spread)
app.command("score", cls=SeveralValues)(score.score)
app.add_typer(protocols.app, name="protocols")

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


@app.callback()
def bench() -> None:
    """Score models, and show the scores."""


@app.command(cls=SeveralValues)
def run(
    model: Annotated[
        list[str],
        typer.Option(help="A weights file, a training run's folder, or the name of a model without parameters."),
    ],
    data: Data,
    split: Split,
    protocol: Annotated[list[str], typer.Option(help="A protocol's id, such as priorsr@1, or a file NAME@V.toml.")],
    out: Annotated[Path, typer.Option(help="The results folder; results that it holds already are kept.")],
    prior: Given = "none",
    score: Scores = None,
    batch_size: BatchSize = 16,
    save_outputs: SaveOutputs = True,
    rerun: Rerun = False,
    device: Device = "auto",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: records without what they say of each face.")
    ] = False,
) -> None:
    """Score models on a split under protocols, bicubic beside them; --model and --protocol take one or several.

    The same command goes on after an interruption, and does nothing where all is finished. torchrun splits the faces.
    """
    from priorsr import bench
    from priorsr.bench.board.terminal import LEGEND
    from priorsr.bench.store.results import record_path

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
        rerun=rerun,
        device=device,
        command=command_line(),
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


@app.command(cls=SeveralValues)
def ablate(
    recipe: Annotated[str, typer.Argument(help="The recipe's name, see priorsr list recipe.")],
    data: Data,
    split: Split,
    out: Annotated[Path, typer.Option(help="The folder for runs, results, table and picture.")],
    vary: Annotated[
        list[str],
        typer.Option(metavar="K=V,V", help="Values to try for part of the config: attention=channel,simam."),
    ],
    steps: Annotated[int, typer.Option(help="Of every run, over all its stages.")],
    seeds: Annotated[int, typer.Option(help="Training seeds a variant.")] = 3,
    full: Annotated[
        bool, typer.Option("--full", help="Try every combination of values, not one change at a time.")
    ] = False,
    preset: Annotated[str | None, typer.Option(help="A preset of the recipe's config, such as nano.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="K=V", help="Set part of the base's config.")
    ] = None,
    product: Annotated[str | None, typer.Option(help="The module that is scored; else the last stage's.")] = None,
    protocol: Protocols = ["priorsr@1"],  # noqa: B006  # Typer copies it
    score: Scores = None,
    prior: Given = "none",
    jobs: Annotated[int, typer.Option(help="Runs at once, each with its share of the cores.")] = 1,
    batch_size: BatchSize = 16,
    save_outputs: SaveOutputs = True,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train variants of a recipe alike, with several seeds, and compare each with the base.

    The same command goes on after an interruption; with more seeds, after the end.
    """
    _require_training_and_pictures()
    from priorsr.bench import ablate
    from priorsr.bench.studies.ablation_report import summary
    from priorsr.bench.studies.variants import parse_vary
    from priorsr.training.overrides import parse_assignments

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
        batch_size=batch_size,
        save_outputs=save_outputs,
        device=device,
        command=command_line(),
        console=errors,
    )
    if as_json:
        print_json(study.model_dump(mode="json"))
    else:
        _tell(summary(study), out / "ablation")


@app.command(cls=SeveralValues)
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
    _require_training_and_pictures()
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
        _tell(summary(study), out / "priors")


@app.command()
def site(
    results: Annotated[Path, typer.Argument(help="A results folder.")],
    out: Annotated[Path, typer.Option(help="The folder for the site.")],
    title: Annotated[str, typer.Option(help="The site's title.")] = "Face super-resolution, compared",
    faces: Annotated[int | None, typer.Option(help="Faces of each set to compare; all unless given.")] = None,
) -> None:
    """Build a static site of every result, with its images; it opens from disk."""
    from priorsr.bench.pages.site import build_site

    console.print(f"written to {build_site(results, out, title=title, faces=faces)}", soft_wrap=True, markup=False)


def _tell(summary: Table, files: Path) -> None:
    """A study's summary, and where the rest of it is."""
    console.print(summary)
    console.print(f"written to {files}.json, .md and .png", soft_wrap=True, markup=False)


def _require_training_and_pictures() -> None:
    from priorsr.files import require_extra

    for package, extra in (("accelerate", "train"), ("matplotlib", "bench"), ("scipy", "bench")):
        require_extra(package, extra)
