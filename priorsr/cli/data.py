"""`priorsr data`: make, import and check face sets."""

from __future__ import annotations

import dataclasses
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from priorsr.cli import completion
from priorsr.cli.console import console, print_json
from priorsr.cli.help import Command
from priorsr.cli.several import SeveralValues
from priorsr.terminal import styled

if TYPE_CHECKING:
    from priorsr.data import FaceSet, Reduction

SHOWN = 10  # findings of a kind; a set may have thousands
PRIORS, ORIGIN, LR_IMAGES = "Priors", "Origin", "LR images"

app = typer.Typer(no_args_is_help=True)
importers = typer.Typer(no_args_is_help=True)
app.add_typer(
    importers,
    name="import",
    help="Import images on disk as a face set; after an interruption, the same command continues.",
)

Out = Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write the face set to.")]
Size = Annotated[int, typer.Option(help="Side of the images in pixels.", min=16)]
SplitFile = Annotated[
    Path | None, typer.Option(help="File with the split of each face: lines of an image's name and train, val or test.")
]


@importers.command("folder", cls=Command)
def import_folder(
    src: Annotated[
        Path,
        typer.Argument(
            metavar="SRC",
            help="A folder with train, val or test, each with images and optionally parsing; or just images.",
        ),
    ],
    out: Out,
    size: Annotated[
        int | None, typer.Option(help="Crop every image to its middle square and resize it to this side.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Split of all faces, where SRC has no splits.")] = None,
    landmarks: Annotated[
        Literal["from-parsing", "none"],
        typer.Option(help="Derive landmarks from the parsing maps where SRC brings none.", rich_help_panel=PRIORS),
    ] = "from-parsing",
    label_map: Annotated[
        str,
        typer.Option(
            help="Label map that names the classes of the parsing maps.",
            autocompletion=completion.label_maps,
            rich_help_panel=PRIORS,
        ),
    ] = "celebamask-19",
    name: Annotated[
        str | None, typer.Option(help="Name of the set.", show_default="that of SRC", rich_help_panel=ORIGIN)
    ] = None,
    source: Annotated[str | None, typer.Option(help="Origin of the images.", rich_help_panel=ORIGIN)] = None,
    licence: Annotated[str, typer.Option(help="Licence of the images.", rich_help_panel=ORIGIN)] = "unknown",
) -> None:
    """Import a folder of images, with parsing maps and landmarks.npz where there are any.

    Examples:
      priorsr data import folder PICTURES faces --size 128
      priorsr data import folder PICTURES faces --split test --licence CC-BY-4.0
    """
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
    _print_set(made)


@importers.command("celebamask-hq", cls=Command)
def import_celebamask_hq(
    src: Annotated[Path, typer.Argument(metavar="SRC", help="CelebAMask-HQ as its authors distribute it.")],
    out: Out,
    size: Size = 128,
) -> None:
    """Import CelebAMask-HQ: CelebA-HQ-img and CelebAMask-HQ-mask-anno, with CelebA's split if its lists are there.

    Examples:
      priorsr data import celebamask-hq CelebAMask-HQ faces
    """
    from priorsr.data.importers.celebamask_hq import import_celebamask_hq

    _print_set(import_celebamask_hq(src, out, size=size))


@importers.command("celeba", cls=Command)
def import_celeba(
    src: Annotated[Path, typer.Argument(metavar="SRC", help="CelebA as its authors distribute it.")],
    out: Out,
    crop: Annotated[
        Literal["centre", "pfsr", "box", "dic"],
        typer.Option(
            help="Crop aligned images to the middle (pfsr: bilinear), images in the wild to CelebA's box, or as DIC by "
            "landmarks."
        ),
    ] = "centre",
    size: Size = 128,
    split: Annotated[
        Literal["celeba", "dic", "ctcnet"],
        typer.Option(help="Split: CelebA's partition, or that of a paper, which --split-file must name."),
    ] = "celeba",
    split_file: SplitFile = None,
    landmarks: Annotated[
        Path | None, typer.Option(help="An .npz of 68 landmarks of the photographs; the crop dic needs it.")
    ] = None,
) -> None:
    """Import CelebA: img_align_celeba or img_celeba, with list_eval_partition.txt.

    Examples:
      priorsr data import celeba CelebA faces
      priorsr data import celeba CelebA faces --crop box --split-file boxed.txt
    """
    from priorsr.data.importers.celeba import import_celeba

    _print_set(import_celeba(src, out, crop=crop, size=size, split=split, split_file=split_file, landmarks=landmarks))


@importers.command("helen", cls=Command)
def import_helen(
    src: Annotated[Path, typer.Argument(metavar="SRC", help="Helen as its authors distribute it.")],
    out: Out,
    size: Size = 128,
    split: Annotated[
        Literal["helen", "dic"],
        typer.Option(help="Split: Helen's testnames.txt, or DIC's, which --split-file must name."),
    ] = "helen",
    split_file: SplitFile = None,
    scheme: Annotated[
        Literal["helen-194", "ibug-68"], typer.Option(help="Keep the 194 landmarks, or convert them to 68.")
    ] = "helen-194",
) -> None:
    """Import Helen: photographs, annotation/N.txt with 194 landmarks each, and testnames.txt.

    Examples:
      priorsr data import helen Helen faces --scheme ibug-68
    """
    from priorsr.data.importers.helen import import_helen

    _print_set(import_helen(src, out, size=size, split=split, split_file=split_file, scheme=scheme))


@app.command(cls=SeveralValues)
def priors(
    path: Annotated[Path, typer.Argument(metavar="SET", help="A face set.")],
    out: Out,
    estimator: Annotated[
        list[str],
        typer.Option(
            help="Estimator, by name or weights file (.safetensors); repeatable, one for each kind of prior.",
            autocompletion=completion.of_kind("estimator"),
        ),
    ],
    seen: Annotated[
        Literal["hr", "lr"], typer.Option("--from", help="Estimate from HR images, or from LR images enlarged.")
    ] = "hr",
    reduction: Annotated[
        str | None,
        typer.Option(
            help="Kernel that makes the LR images.",
            show_default="pil-bicubic",
            autocompletion=completion.reductions,
            rich_help_panel=LR_IMAGES,
        ),
    ] = None,
    scale: Annotated[
        int | None,
        typer.Option(help="Factor by which LR images are smaller.", show_default="8", rich_help_panel=LR_IMAGES),
    ] = None,
    landmarks: Annotated[
        Literal["estimated", "from-parsing"],
        typer.Option(help="Keep estimated landmarks, or derive them from the estimated parsing maps."),
    ] = "estimated",
    fetch: Annotated[bool, typer.Option("--fetch", help="Download published weights that are not on disk.")] = False,
    device: Annotated[
        str, typer.Option(help="Run the estimators on this device, such as cuda.", autocompletion=completion.devices)
    ] = "cpu",
) -> None:
    """Copy a face set, with estimated priors in place of its own.

    After an interruption, the same command continues.

    Examples:
      priorsr data priors faces faces-estimated --estimator parsing_net
      priorsr data priors faces faces-lr --estimator parsing_net --from lr
    """
    from priorsr.data import FaceSet
    from priorsr.data.estimated import estimate_priors

    _print_set(
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


@app.command(cls=Command)
def synth(
    out: Out,
    count: Annotated[int, typer.Option(help="Number of faces to draw.")],
    seed: Annotated[int, typer.Option(help="Seed; the same seed draws the same faces.")] = 0,
    size: Annotated[int, typer.Option(help="Side of the images in pixels.")] = 128,
    val: Annotated[int | None, typer.Option(help="Number of faces in the split val.", show_default="a tenth")] = None,
    test: Annotated[int | None, typer.Option(help="Number of faces in the split test.", show_default="a tenth")] = None,
) -> None:
    """Draw synthetic faces with exact parsing maps and landmarks; the last of them become val and test.

    Examples:
      priorsr data synth faces --count 440
      priorsr data synth faces --count 1000 --seed 1 --val 100 --test 200
    """
    from priorsr.data.importers.synthetic import synthesise

    _print_set(synthesise(out, count=count, seed=seed, size=size, val=val, test=test))


@app.command(cls=Command)
def doctor(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="A face set.")],
    lr: Annotated[
        Path | None, typer.Option(help="LR images to compare with the set.", show_default="DIR/lr, if it exists")
    ] = None,
    reduction: Annotated[
        str,
        typer.Option(help="Kernel that should have made the LR images.", autocompletion=completion.reductions),
    ] = "pil-bicubic",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a face set: files, sizes, maps, landmarks, splits, its manifest and its LR images.

    The exit code is 2 if something is wrong.

    Examples:
      priorsr data doctor faces
      priorsr data doctor faces --lr their-lr --reduction matlab-bicubic
    """
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


def _print_set(faces: FaceSet) -> None:
    """Print the splits, priors and source of a face set."""
    splits = ", ".join(f"{len(faces.ids(split))} {split}" for split in faces.splits)
    priors = " and ".join(faces.manifest.priors) or "no priors"
    console.print(f"{faces.path}: {splits}; {priors}; {faces.manifest.source}", soft_wrap=True)
