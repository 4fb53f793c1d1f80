"""`priorsr bench pack`: make a submission."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from priorsr.cli import completion
from priorsr.cli.console import console


def pack(
    results: Annotated[Path, typer.Argument(help="A results folder.")],
    model: Annotated[
        str, typer.Option(help="Model to pack: a label, training run, weights file or record's id in the results.")
    ],
    out: Annotated[Path, typer.Option(help="File to write, such as mine.zip.")],
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="Pack records under this protocol only; repeatable.",
            show_default="all",
            autocompletion=completion.protocols,
        ),
    ] = None,
    split: Annotated[str | None, typer.Option(help="Pack records of this split only.", show_default="all")] = None,
    weights: Annotated[Path | None, typer.Option(help="Pack these weights (.safetensors) of the model, too.")] = None,
    outputs: Annotated[bool, typer.Option(help="Pack the SR images.")] = True,
) -> None:
    """Pack a model's records with its SR images, its weights, or both, so that others can verify them.

    Examples:
      priorsr bench pack results --model mine --out mine.zip
      priorsr bench pack results --model mine --out mine.zip \\
        --weights mine.safetensors
    """
    from priorsr.bench.board.selection import records_called
    from priorsr.bench.store.results import read_results
    from priorsr.bench.submissions.pack import pack as pack_records
    from priorsr.errors import UnknownNameError

    called = records_called(read_results(results), model)
    records = [
        record
        for record in called
        if (not protocol or record.protocol.id in protocol) and split in (None, record.data.split)
    ]
    if not records:
        there = sorted({f"{record.protocol.id} on {record.data.split}" for record in called})
        asked = " or ".join(protocol or ["any protocol"])
        raise UnknownNameError(
            f"there is no record of {model!r} under {asked} on {split or 'any split'}; there are: {', '.join(there)}"
        )
    made = pack_records(results, records, out, weights=weights, outputs=outputs)
    count = len(records)
    console.print(f"{count} record{'s' * (count > 1)} packed into {made}", soft_wrap=True, markup=False)
