"""`priorsr weights`: released checkpoints in, ours out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli.console import console

app = typer.Typer(no_args_is_help=True)


@app.callback()
def weights() -> None:
    """Read weights that others released."""


@app.command()
def convert(
    src: Annotated[Path, typer.Argument(help="The released checkpoint (.pth).")],
    out: Annotated[Path, typer.Argument(help="The weights to write (.safetensors).")],
) -> None:
    """Turn a released checkpoint into weights of ours: detects the system and its layout, executes nothing."""
    from priorsr.errors import DataError
    from priorsr.files import sha256_file
    from priorsr.models import convert_released, save

    if out.suffix != ".safetensors":
        raise DataError(f"{out}: a name that ends in .safetensors was expected")
    model, layout = convert_released(src)
    save(model, out, card={"source": {"file": src.name, "sha256": sha256_file(src), "layout": layout}})
    console.print(f"{src} is {layout}; written to {out}", soft_wrap=True, markup=False)
