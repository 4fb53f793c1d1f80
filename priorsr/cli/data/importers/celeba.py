"""`priorsr data import celeba`: import CelebA."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from priorsr.cli.data.shared_options import Out, Size, SplitFile, print_face_set


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

    print_face_set(
        import_celeba(src, out, crop=crop, size=size, split=split, split_file=split_file, landmarks=landmarks)
    )
