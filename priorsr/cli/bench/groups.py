"""`priorsr bench groups`: show scores by groups of faces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from priorsr.cli import completion
from priorsr.cli.console import console, errors, print_json

if TYPE_CHECKING:
    from priorsr.bench.board.by_group import GroupScore, GroupTable
    from priorsr.bench.board.numbers import HasUnit
    from priorsr.continued_table import ContinuedTable
    from priorsr.data import FaceSet


def groups(
    results: Annotated[Path, typer.Argument(help="Results folder.")],
    data: Annotated[Path, typer.Option(help="The face set that was scored; its parsing maps define the groups.")],
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="Show this protocol only, by id; repeatable.",
            show_default="all",
            autocompletion=completion.protocols,
        ),
    ] = None,
    score: Annotated[
        str | None,
        typer.Option(
            help="Score to show.", show_default="each protocol's first", autocompletion=completion.of_kind("score")
        ),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the worst face of each group into this PNG file, for the first table.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show each model's score on faces with glasses, a hat, a turned head, or dark skin or little light.

    Each cell holds the group's mean with its 95 % interval and, below, the mean gain over bicubic on the same faces.

    Examples:
      priorsr bench groups results --data faces --picture groups.png
      priorsr bench groups results --data faces --score identity_dlib --json
    """
    from priorsr.bench.board.by_group import by_group
    from priorsr.data import FaceSet

    faces = FaceSet.open(data)
    found = by_group(results, faces, protocols=protocol or (), score=score)
    drawn = picture is not None and _drawn(found[0], faces, results, picture)
    if as_json:
        print_json([_as_json(table) for table in found])
        return
    for table in found:
        console.print(_table(table))
    if drawn:
        console.print(f"written to {picture}", soft_wrap=True, markup=False)


def _drawn(table: GroupTable, faces: FaceSet, results: Path, picture: Path) -> bool:
    """Draw the groups' faces; report a results folder without the images of any model."""
    from priorsr.bench.board.groups_picture import draw_groups

    drawn = draw_groups(table, faces, results, picture)
    if not drawn:
        errors.print(f"{results}: has no model's images of all these faces, so {picture} was not drawn", markup=False)
    return drawn


def _table(table: GroupTable) -> ContinuedTable:
    from priorsr.bench.board.numbers import half_width, number, score_label
    from priorsr.continued_table import ContinuedTable
    from priorsr.terminal import styled

    example = table.board.example(table.score)
    title = f"{score_label(table.score)} by group: {table.board.title}"
    shown = ContinuedTable(title=styled(title), named_by=2)
    shown.add_column("group", no_wrap=True)
    shown.add_column("faces", justify="right")
    labels = list(dict.fromkeys(label for label, _ in table.scores))
    for label in labels:
        shown.add_column(styled(label), overflow="fold", no_wrap=True)
    for group, members in table.groups.items():
        cells = []
        for label in labels:
            result = table.scores[label, group]
            first = f"{number(result.mean.mean, example)} {half_width(result.mean.interval95, example)}"
            cells.append(styled(first, (_gain(result, example), "dim")))
        shown.add_row(group, str(len(members)), *cells)
    return shown


def _gain(result: GroupScore, score: HasUnit) -> str:
    """Return the gain over the baseline as a line of its own, or an empty text for the baseline."""
    from priorsr.bench.board.numbers import half_width, number

    gain = result.gain
    return f"\n{number(gain.mean, score, sign=True)} {half_width(gain.interval95, score)}" if gain else ""


def _as_json(table: GroupTable) -> Any:
    from priorsr.infinity import json_value

    record = table.board.records[0]
    return json_value(
        {
            "protocol": {"id": record.protocol.id, "hash": record.protocol.hash},
            "data": {"name": record.data.name, "hash": record.data.hash, "split": record.data.split},
            "score": table.score,
            "groups": table.groups,
            "rows": [
                {
                    "label": label,
                    "group": group,
                    "mean": result.mean.mean,
                    "interval95": result.mean.interval95,
                    "gain": result.gain and result.gain.mean,
                    "gain_interval95": result.gain and result.gain.interval95,
                }
                for (label, group), result in table.scores.items()
            ],
        }
    )
