"""Options of several commands of `priorsr data`, and the line that each prints of the face set it made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from priorsr.cli.console import console

if TYPE_CHECKING:
    from priorsr.data import FaceSet

Out = Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write the face set to.")]
Size = Annotated[int, typer.Option(help="Side of the images in pixels.", min=16)]
SplitFile = Annotated[
    Path | None, typer.Option(help="File with the split of each face: lines of an image's name and train, val or test.")
]


def print_face_set(faces: FaceSet) -> None:
    """Print the splits, priors and source of a face set."""
    splits = ", ".join(f"{len(faces.ids(split))} {split}" for split in faces.splits)
    priors = " and ".join(faces.manifest.priors) or "no priors"
    console.print(f"{faces.path}: {splits}; {priors}; {faces.manifest.source}", soft_wrap=True)
