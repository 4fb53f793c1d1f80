"""priorsr data: face sets made, imported and examined."""

from __future__ import annotations

import dataclasses
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from priorsr.cli.console import console, print_json
from priorsr.terminal import styled

if TYPE_CHECKING:
    from priorsr.data import FaceSet, Reduction

SHOWN = 10  # findings of a kind; a set may have thousands

app = typer.Typer(no_args_is_help=True)
importers = typer.Typer(no_args_is_help=True)
app.add_typer(importers, name="import", help="Build a face set from images on disk; takes up what was interrupted.")

Out = Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write the face set to.")]
Size = Annotated[int, typer.Option(help="The side of the faces.", min=16)]
SplitFile = Annotated[
    Path | None, typer.Option(help="The split of each face: lines of an image's name and train, val or test.")
]


@importers.command("folder")
def import_folder(
    src: Annotated[
        Path,
        typer.Argument(
            metavar="SRC",
            help="A folder with train, val or test, each with images and perhaps parsing; or just images.",
        ),
    ],
    out: Out,
    size: Annotated[
        int | None, typer.Option(help="Crop every image to its middle square and resize it to this side.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="The split of all faces, where SRC has no splits.")] = None,
    landmarks: Annotated[
        Literal["from-parsing", "none"], typer.Option(help="Read landmarks off the parsing maps where SRC brings none.")
    ] = "from-parsing",
    label_map: Annotated[str, typer.Option(help="What the classes of the parsing maps mean.")] = "celebamask-19",
    name: Annotated[str | None, typer.Option(help="The set's name; SRC's where not given.")] = None,
    source: Annotated[str | None, typer.Option(help="Where the images come from.")] = None,
    licence: Annotated[str, typer.Option(help="The licence that the images are under.")] = "unknown",
) -> None:
    """Import a folder of images, with parsing maps and landmarks.npz where there are any."""
    from priorsr.data.importers.folder import import_folder

    made = import_folder(
        src,
        out,
        size=size,
        split=split,
        landmarks=landmarks,
        labels=label_map,
        name=name,
        source=source,
        licence=licence,
    )
    _tell(made)


@importers.command("celebamask-hq")
def import_celebamask_hq(
    src: Annotated[Path, typer.Argument(metavar="SRC", help="CelebAMask-HQ as its authors hand it out.")],
    out: Out,
    size: Size = 128,
) -> None:
    """Import CelebAMask-HQ: CelebA-HQ-img and CelebAMask-HQ-mask-anno, with CelebA's split if its lists are there."""
    from priorsr.data.importers.celebamask_hq import import_celebamask_hq

    _tell(import_celebamask_hq(src, out, size=size))


@importers.command("celeba")
def import_celeba(
    src: Annotated[Path, typer.Argument(metavar="SRC", help="CelebA as its authors hand it out.")],
    out: Out,
    crop: Annotated[
        Literal["centre", "pfsr", "box", "dic"],
        typer.Option(help="Aligned: the middle (pfsr: bilinear). In the wild: CelebA's box, or DIC's, of landmarks."),
    ] = "centre",
    size: Size = 128,
    split: Annotated[
        Literal["celeba", "dic", "ctcnet"],
        typer.Option(help="CelebA's partition, or that of a paper, which --split-file must name."),
    ] = "celeba",
    split_file: SplitFile = None,
    landmarks: Annotated[
        Path | None, typer.Option(help="An .npz of 68 landmarks of the photographs; the crop dic needs it.")
    ] = None,
) -> None:
    """Import CelebA: img_align_celeba or img_celeba, with list_eval_partition.txt."""
    from priorsr.data.importers.celeba import import_celeba

    _tell(import_celeba(src, out, crop=crop, size=size, split=split, split_file=split_file, landmarks=landmarks))


@importers.command("helen")
def import_helen(
    src: Annotated[Path, typer.Argument(metavar="SRC", help="Helen as its authors hand it out.")],
    out: Out,
    size: Size = 128,
    split: Annotated[
        Literal["helen", "dic"], typer.Option(help="testnames.txt, or DIC's, which --split-file must name.")
    ] = "helen",
    split_file: SplitFile = None,
    scheme: Annotated[
        Literal["helen-194", "ibug-68"], typer.Option(help="Keep the 194 landmarks, or turn them into 68.")
    ] = "helen-194",
) -> None:
    """Import Helen: photographs, annotation/N.txt with 194 landmarks each, and testnames.txt."""
    from priorsr.data.importers.helen import import_helen

    _tell(import_helen(src, out, size=size, split=split, split_file=split_file, scheme=scheme))


@app.command()
def priors(
    path: Annotated[Path, typer.Argument(metavar="SET", help="A face set.")],
    out: Out,
    estimator: Annotated[
        list[str],
        typer.Option(help="An estimator, by name or weights file (.safetensors); again for another kind of prior."),
    ],
    seen: Annotated[
        Literal["hr", "lr"], typer.Option("--from", help="Whether estimators see HR images, or LR images enlarged.")
    ] = "hr",
    reduction: Annotated[
        str | None, typer.Option(help="The kernel that makes the LR images; pil-bicubic unless given.")
    ] = None,
    scale: Annotated[int | None, typer.Option(help="How many times smaller they are; 8 unless given.")] = None,
    landmarks: Annotated[
        Literal["estimated", "from-parsing"], typer.Option(help="Read landmarks off the estimated parsing maps.")
    ] = "estimated",
    fetch: Annotated[bool, typer.Option("--fetch", help="Download published weights that are not on disk.")] = False,
    device: Annotated[str, typer.Option(help="Where the estimators run, such as cuda.")] = "cpu",
) -> None:
    """Copy a face set, with priors that estimators find in place of its own; takes up what was interrupted."""
    from priorsr.data import FaceSet
    from priorsr.data.estimated import estimate_priors

    _tell(
        estimate_priors(
            FaceSet.open(path),
            out,
            estimator,
            seen=seen,
            reduction=_reduction(reduction, scale),
            landmarks=landmarks,
            fetch=fetch,
            device=device,
        )
    )


@app.command()
def synth(
    out: Out,
    count: Annotated[int, typer.Option(help="How many faces to draw.")],
    seed: Annotated[int, typer.Option(help="The same seed draws the same faces.")] = 0,
    size: Annotated[int, typer.Option(help="The side of the faces.")] = 128,
    val: Annotated[int | None, typer.Option(help="How many go to val; a tenth where not given.")] = None,
    test: Annotated[int | None, typer.Option(help="How many go to test; a tenth where not given.")] = None,
) -> None:
    """Draw synthetic faces with exact parsing maps and landmarks; the last of them are val and test."""
    from priorsr.data.importers.synthetic import synthesise

    _tell(synthesise(out, count=count, seed=seed, size=size, val=val, test=test))


@app.command()
def doctor(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="A face set.")],
    lr: Annotated[
        Path | None, typer.Option(help="LR images to compare with the set; its folder lr where not given.")
    ] = None,
    reduction: Annotated[str, typer.Option(help="The kernel that should have made the LR images.")] = "pil-bicubic",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find what is wrong with a face set: files, sizes, maps, landmarks, splits, its manifest and its LR images."""
    from priorsr.data.doctor import examine

    report = examine(path, lr=lr, reduction=reduction)
    if as_json:
        print_json({"ok": not report.findings, **dataclasses.asdict(report)})
    else:
        for note in report.notes:
            console.print(note, soft_wrap=True)
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("check", "where", "what is wrong"):
            table.add_column(column, overflow="fold")  # a path that is cut off says nothing
        for check, found in groupby(report.findings, key=lambda finding: finding.check):
            alike = list(found)
            for finding in alike[:SHOWN]:
                table.add_row(styled((check, "red")), styled(finding.where), styled(finding.problem))
            if len(alike) > SHOWN:
                table.add_row(styled((check, "red")), f"and {len(alike) - SHOWN} more", "--json lists them all")
        console.print(table if report.findings else styled(("nothing is wrong", "green")))
    if report.findings:
        raise typer.Exit(2)


def _reduction(kernel: str | None, scale: int | None) -> Reduction | None:
    """Return the reduction of which a kernel or a scale is given, None where neither is."""
    from priorsr.data.reduction import USUAL, Reduction

    if kernel is None and scale is None:
        return None
    return Reduction(scale=USUAL.scale if scale is None else scale, kernel=USUAL.kernel if kernel is None else kernel)


def _tell(faces: FaceSet) -> None:
    """Say what a face set holds."""
    splits = ", ".join(f"{len(faces.ids(split))} {split}" for split in faces.splits)
    priors = " and ".join(faces.manifest.priors) or "no priors"
    console.print(f"{faces.path}: {splits}; {priors}; {faces.manifest.source}", soft_wrap=True)
