"""`priorsr data import helen`: import Helen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from priorsr.cli.data.shared_options import Out, Size, SplitFile, print_face_set


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

    print_face_set(import_helen(src, out, size=size, split=split, split_file=split_file, scheme=scheme))
