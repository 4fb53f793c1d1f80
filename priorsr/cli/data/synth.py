"""`priorsr data synth`: draw synthetic faces."""

from __future__ import annotations

from typing import Annotated

import typer

from priorsr.cli.data.shared_options import Out, print_face_set


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

    print_face_set(synthesise(out, count=count, seed=seed, size=size, val=val, test=test))
