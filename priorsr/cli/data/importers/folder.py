"""`priorsr data import folder`: import a folder of images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from priorsr.cli import completion
from priorsr.cli.data.shared_options import Out, print_face_set

PRIORS, ORIGIN = "Priors", "Origin"  # panels of the help


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
        typer.Option(help="Derive landmarks from the parsing maps where SRC has none.", rich_help_panel=PRIORS),
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
    print_face_set(made)
