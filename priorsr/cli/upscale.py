"""Enlarge faces on disk: `priorsr upscale`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from priorsr.cli import completion
from priorsr.cli.console import console, errors, print_json
from priorsr.terminal import styled

if TYPE_CHECKING:
    from priorsr.inference.listing import Job
    from priorsr.inference.outcome import FileOutcome

SCALE = 4  # of photographs
CROPS, PHOTOS, RESULTS = "Crops of faces", "Photographs", "Results"


def upscale(
    inputs: Annotated[
        list[str], typer.Argument(metavar="IN", help="Enlarge these files, folders, or patterns such as 'a/*.jpg'.")
    ],
    out: Annotated[Path, typer.Option(help="Write the results to this folder, laid out as the inputs are.")],
    model: Annotated[
        str,
        typer.Option(
            help="Use these weights: a name, a weights file, a training run's folder, or bicubic.",
            autocompletion=completion.models,
        ),
    ] = "pkdn",
    device: Annotated[
        str, typer.Option(help="Run the model on auto, cpu or cuda.", autocompletion=completion.devices)
    ] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome of each picture as JSON.")] = False,
    as_is: Annotated[
        bool,
        typer.Option(
            "--as-is", help="Enlarge each crop from its own size, without reducing it first.", rich_help_panel=CROPS
        ),
    ] = False,
    photo: Annotated[
        bool,
        typer.Option(
            "--photo",
            help="Enlarge photographs, and by the model the faces of 24 to 64 px in them.",
            rich_help_panel=PHOTOS,
        ),
    ] = False,
    scale: Annotated[
        int | None,
        typer.Option(
            min=2, max=8, help="Enlarge photographs this many times.", show_default="4", rich_help_panel=PHOTOS
        ),
    ] = None,
    boxes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="Read the faces' boxes from this file instead of finding faces; docs/upscale.md shows one.",
            rich_help_panel=PHOTOS,
        ),
    ] = None,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Draw LR, bicubic and result as NAME.compare.png beside each result.",
            rich_help_panel=RESULTS,
        ),
    ] = False,
    format_: Annotated[
        Literal["auto", "png", "jpeg", "webp"],
        typer.Option("--format", help="Write this format; auto keeps the input's.", rich_help_panel=RESULTS),
    ] = "auto",
    quality: Annotated[
        int, typer.Option(min=1, max=100, help="Set the quality of JPEG and WebP.", rich_help_panel=RESULTS)
    ] = 95,
    strip: Annotated[
        bool, typer.Option("--strip", help="Leave the EXIF data out of the results.", rich_help_panel=RESULTS)
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results that exist.", rich_help_panel=RESULTS)
    ] = False,
) -> None:
    """Enlarge faces: crops that a face fills, or with --photo the small faces in photographs.

    A crop of any size is reduced to the LR size that the model was trained for (16 px), then enlarged 8 times; with
    --as-is a small crop is enlarged from its own size.

    The details of a result are invented: a model draws what is likely, not what was there. A result is no evidence of
    who somebody is or what somebody looks like, and must not be used as such.

    Examples:
      priorsr upscale face.jpg --out enlarged
      priorsr upscale faces/ 'more/*.png' --out enlarged --compare
      priorsr upscale --photo party.jpg --out enlarged
    """
    from priorsr.errors import OptionError
    from priorsr.inference.listing import list_jobs
    from priorsr.inference.pictures.writing import Writing
    from priorsr.inference.upscaling.upscaler import Upscaler

    if as_is and photo:
        raise OptionError("--as-is and --photo were given; --as-is goes with crops of faces only")
    for option, value in (("--scale", scale), ("--boxes", boxes)):
        if value is not None and not photo:
            raise OptionError(f"{option} was given without --photo, which it goes with")
    began = time.monotonic()
    jobs, ignored = list_jobs(inputs, out, format_=format_, compare=compare, overwrite=overwrite)
    faces = _faces(boxes, jobs) if photo else {}
    upscaler = Upscaler(model, device=device, faces=len(jobs))
    writing = Writing(quality=quality, strip=strip)
    if photo:
        from priorsr.inference.photographs.photograph_files import enlarge_photographs

        outcomes = list(enlarge_photographs(jobs, upscaler, writing, scale=scale or SCALE, **faces))
    else:
        from priorsr.inference.upscaling.crops import enlarge_crops

        outcomes = list(enlarge_crops(jobs, upscaler, writing, as_is=as_is))
    places = {job: place for place, job in enumerate(jobs)}
    outcomes.sort(key=lambda outcome: places[outcome.job])
    if as_json:
        print_json([outcome.as_json() for outcome in outcomes])
    _report(outcomes, ignored, f"by {model} in {time.monotonic() - began:.1f} s", out, quiet=as_json)
    if any(outcome.error for outcome in outcomes):
        raise typer.Exit(1)


def _faces(boxes: Path | None, jobs: Sequence[Job]) -> dict[str, Any]:
    """Return the source of the faces, as the argument that `enlarge_photographs` takes."""
    from priorsr.inference.photographs.face_finding import dlib_finder, read_boxes

    return {"find": dlib_finder()} if boxes is None else {"given": read_boxes(boxes, [job.name for job in jobs])}


def _report(outcomes: Sequence[FileOutcome], ignored: int, how: str, out: Path, quiet: bool) -> None:
    """Print notes and failures to stderr, and a summary to stdout."""
    for outcome in outcomes:
        for note in outcome.notes:
            errors.print(f"{outcome.job.source}: {note}", style="dim", soft_wrap=True)
        if outcome.error:
            errors.print(styled(("failed:", "bold red"), f" {outcome.job.source}: {outcome.error}"), soft_wrap=True)
    if quiet:
        return
    done = [outcome for outcome in outcomes if not outcome.error]
    parts = [f"{len(done)} of {len(outcomes)} pictures enlarged {how}"]
    faces = [face for outcome in done for face in outcome.faces or ()]
    if faces:
        parts.append(f"{sum(face['enlarged'] for face in faces)} of {len(faces)} faces by the model")
    if ignored:
        parts.append(f"{ignored} other file{'s' * (ignored > 1)} in the folders left out")
    if done:
        parts.append(f"written to {out}")
    console.print("; ".join(parts), soft_wrap=True)
    small = [
        each for each in done if each.lr and each.own and each.size and min(each.lr) < min(each.own) < min(each.size)
    ]
    if small:
        console.print(
            f"{len(small)} of them have fewer pixels than their results, and were reduced first all the same: "
            "--as-is gives the model all of their pixels",
            soft_wrap=True,
        )
