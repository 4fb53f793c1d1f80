"""`priorsr weights`: examine weights, convert published checkpoints, and pack weights to publish."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from priorsr.cli import completion
from priorsr.cli.card import show_card
from priorsr.cli.console import console, errors, print_json
from priorsr.cli.help import Command
from priorsr.continued_table import ContinuedTable
from priorsr.terminal import styled

if TYPE_CHECKING:
    from priorsr.sources import Component

app = typer.Typer(no_args_is_help=True)


@app.callback()
def weights() -> None:
    """Examine, convert and pack weights."""


@app.command(cls=Command)
def info(
    weights: Annotated[
        str,
        typer.Argument(
            help="A weights file, a training run's folder, or the name of weights.", autocompletion=completion.weights
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a weights file's model, its card, and the code that made it beside the code installed here.

    Examples:
      priorsr weights info pkdn
      priorsr weights info runs/first --json
    """
    from priorsr.models.finding import find_weights
    from priorsr.models.weights import components_in, read_card
    from priorsr.sources import as_installed

    path = find_weights(weights)
    described = read_card(path)
    made_by = components_in(described, path)
    here = as_installed(made_by or ())
    if as_json:
        listed = [{**asdict(part), "here": found and asdict(found)} for part, found in here.items()]
        print_json({**described, "components": None if made_by is None else listed})
        return
    console.print(
        f"{described['kind']} {described['name']}  {described['distribution']} {described['version']}", markup=False
    )
    show_card(described["card"])
    if made_by is None:
        console.print("components unknown: these weights were saved before weights listed them", markup=False)
        return
    table = ContinuedTable("used for", "kind", "name", "made by", "here", named_by=3)
    for part, found in here.items():
        words = (part.used_for, part.kind, part.name, f"{part.distribution} {part.version}", _beside(part, found))
        table.add_row(*map(styled, words))
    console.print(table)


def _beside(made: Component, here: Component | None) -> str:
    """Compare a component with the one of its name that is installed, in words."""
    if here is None:
        return "not here"
    version = "" if here.version == made.version else f"{here.version}, "
    return version + ("the same source" if here.hash == made.hash else "another source")


@app.command(cls=Command)
def pack(
    model: Annotated[str, typer.Argument(help="A training run's folder, or a weights file.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write (.safetensors).")],
    licence: Annotated[str, typer.Option(help="Licence of the weights, which their training data decide.")],
    limits: Annotated[str, typer.Option(help="Cases in which the model is known to fail.")] = "",
    results: Annotated[
        Path | None, typer.Option(help="Results folder with records of OUT, whose scores go into its card.")
    ] = None,
) -> None:
    """Pack weights to publish: float16, with a card of data, licence, command, budget and scores.

    Pack, score the file with priorsr bench run --model OUT, and pack again with --results.

    Examples:
      priorsr weights pack runs/1 my.safetensors --licence MIT --limits profiles
      priorsr weights pack runs/1 my.safetensors --licence MIT --results results
    """
    from priorsr.bench.submissions.packed_weights import pack_weights
    from priorsr.errors import DataError

    if out.suffix != ".safetensors":
        raise DataError(f"{out}: a name that ends in .safetensors was expected")
    pack_weights(model, out, licence=licence, limits=limits, results=results)
    console.print(f"written to {out}, {out.stat().st_size / 2**20:.1f} MiB", soft_wrap=True, markup=False)


@app.command(cls=Command)
def convert(
    src: Annotated[Path, typer.Argument(help="The released checkpoint (.pth).")],
    out: Annotated[Path, typer.Argument(help="The weights to write (.safetensors).")],
) -> None:
    """Convert a published checkpoint to priorsr's weights; the system and layout are detected, no code in it is run.

    Examples:
      priorsr weights convert released/net.pth kdfsrnet.safetensors
    """
    from priorsr.errors import DataError
    from priorsr.files import sha256_file
    from priorsr.models import convert_released, save

    if out.suffix != ".safetensors":
        raise DataError(f"{out}: a name that ends in .safetensors was expected")
    model, layout = convert_released(src, tell=lambda text: errors.print(text, soft_wrap=True, markup=False))
    save(model, out, card={"source": {"file": src.name, "sha256": sha256_file(src), "layout": layout}})
    console.print(f"{src} is {layout}; written to {out}", soft_wrap=True, markup=False)
