"""`priorsr data import celebamask-hq`: import CelebAMask-HQ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli.data.shared_options import Out, Size, print_face_set


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

    print_face_set(import_celebamask_hq(src, out, size=size))
