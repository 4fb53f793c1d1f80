"""Write a model as a file that other programs run: `priorsr export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli import completion
from priorsr.cli.console import console, print_json


def export(
    model: Annotated[
        str,
        typer.Argument(
            help="Export these weights: a name, a weights file, a training run's folder, or bicubic.",
            autocompletion=completion.models,
        ),
    ],
    out: Annotated[Path, typer.Argument(help="Write this file: .onnx, or .pt2 for a program of torch.export.")],
    opset: Annotated[int, typer.Option(help="Use this version of ONNX's operators, 18 to 23.")] = 18,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the file's size, inputs and error as JSON.")] = False,
) -> None:
    """Export a model as ONNX or as a program of torch.export, and check that it computes what the model does.

    The file takes batches of any size, and LR images of the sizes that the model allows; its metadata names them.

    Examples:
      priorsr export pkdn pkdn.onnx
      priorsr export runs/first first.pt2
    """
    from priorsr.errors import DataError
    from priorsr.inference.exporting.export import export as write

    if out.exists() and not overwrite:
        raise DataError(f"{out}: exists already; choose another name, or replace it (--overwrite)")
    done = write(model, out, opset=opset)
    if as_json:
        print_json({**done._asdict(), "path": str(done.path)})
        return
    form = f"ONNX, opset {done.opset}" if done.opset else "a program of torch.export"
    console.print(
        f"{done.path}: {form}, {done.path.stat().st_size / 1e6:.1f} MB; takes batches of LR images with {done.sizes}; "
        f"differs from the model by {done.error:.0e} at most",
        soft_wrap=True,
    )
