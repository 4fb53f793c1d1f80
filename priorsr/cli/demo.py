"""`priorsr demo`: trained models at work, and the way to a model of one's own, in two minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.bounds import MOST
from priorsr.cli.console import console, errors


def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything that the demo makes.")] = Path("demo"),
    data: Annotated[
        Path | None,
        typer.Option(
            help="Your faces: a face set with train and val, or a folder of pictures.", show_default="faces are drawn"
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Training steps of each variant.", min=3, max=MOST, show_default="120")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed for drawn faces and for training.", min=0, max=2**32 - 1)] = 0,
) -> None:
    """Enlarge a portrait and drawn faces by the shipped models, swap a block, train it, score all, build the page.

    The number of steps is fixed, so the result does not depend on how busy the machine is. Finished parts in the
    folder are kept: after an interruption, the same command continues.

    Examples:
      priorsr demo
      priorsr demo --data PICTURES --out demo-of-mine
    """
    from priorsr.files import require_extra

    for package, extra in (("accelerate", "train"), ("matplotlib", "train"), ("jinja2", "bench"), ("scipy", "bench")):
        require_extra(package, extra)
    from priorsr.bench import tables
    from priorsr.demo.demo_run import STEPS, DemoSettings, run_demo

    settings = DemoSettings(None if data is None else str(data), STEPS if steps is None else steps, seed)
    found = run_demo(out, settings, errors, lambda line: errors.print(line, style="bold", soft_wrap=True))
    shown = [record for record in found.records if record.protocol.id.startswith("dic@1")]
    for table in tables(shown):
        console.print(table)
    console.print(f"the picture: {found.picture}\nthe page, with all protocols: {found.page}", soft_wrap=True)
    console.print(f"{found.seconds:.0f} s in all", style="dim")
