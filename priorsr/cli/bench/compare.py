"""`priorsr bench compare`: compare two models on the same faces."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from priorsr.cli import completion
from priorsr.cli.console import console, errors, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from priorsr.bench.board.compare import Compared

_NAMED = (
    "A model in the results: its label, record id, training run or weights file; a setting that it alone has, such as "
    "concat or fusion=concat; or a record's file."
)


def compare(
    ours: Annotated[str, typer.Argument(metavar="A", help=_NAMED)],
    theirs: Annotated[str, typer.Argument(metavar="B", help="The model to compare A with, named in the same way.")],
    results: Annotated[
        Path | None, typer.Option(help="Results folder.", show_default="that of the record's file")
    ] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="Compare under this protocol only, by id; repeatable.",
            show_default="all",
            autocompletion=completion.protocols,
        ),
    ] = None,
    score: Annotated[
        str | None, typer.Option(help="Score that the picture shows.", show_default="the protocol's first")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw the faces' differences into this PNG file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every face's difference.")] = False,
) -> None:
    """Compare two models, or methods with several seeds, face by face, and report where they differ.

    Examples:
      priorsr bench compare runs/first bicubic --results results
      priorsr bench compare first second --results results --picture faces.png
      priorsr bench compare my_fusion concat --results study/results
    """
    from priorsr.bench.board.compare import compare as compare_rows
    from priorsr.errors import OptionError

    found = compare_rows(ours, theirs, results, protocols=protocol or ())
    if found[0].ours.records == found[0].theirs.records:
        raise OptionError(f"{ours!r} and {theirs!r} are the same; two different models were expected")
    if picture:
        _draw(found, score, _results_of(results, ours, theirs), picture)
    if as_json:
        print_json([_as_json(compared) for compared in found])
        return
    for table in _tables(found):
        console.print(table)
    for warning in dict.fromkeys(compared.warning for compared in found if compared.warning):
        console.print(warning, style="dim", markup=False)
    if picture:
        console.print(f"written to {picture}", soft_wrap=True, markup=False)


def _results_of(results: Path | None, *names: str) -> Path:
    """Return the results folder, or that in which a record's file lies."""
    return results or next(Path(name).parent.parent for name in names if name.endswith(".json"))


def _draw(found: list[Compared], score: str | None, results: Path, picture: Path) -> None:
    from priorsr.bench.board.compare_picture import draw_comparison
    from priorsr.errors import UnknownNameError, did_you_mean
    from priorsr.files import require_extra

    require_extra("matplotlib", "bench")
    names = [compared.score for compared in found]
    if score is not None and score not in names:
        raise UnknownNameError(f"the two do not share the score {score!r}; {did_you_mean(score, names)}")
    chosen = found[names.index(score) if score else 0]
    if not draw_comparison(chosen, results, picture):
        errors.print(f"{results}: has no images of both models' faces, so the picture shows none", markup=False)


def _tables(found: list[Compared]) -> Iterator[Table]:
    """Yield a table for each split."""
    from priorsr.bench.board.numbers import interval, number, p_value, score_label
    from priorsr.continued_table import ContinuedTable
    from priorsr.terminal import styled

    colours = {"better": "green", "worse": "red", "not distinguishable": "dim"}
    for data, there in groupby(found, key=lambda compared: compared.data):
        alike = list(there)
        ours, theirs, scope = alike[0].ours.label, alike[0].theirs.label, alike[0].found.scope_words
        title = f"{ours} against {theirs}, {scope}, {data}"
        table = ContinuedTable(title=styled(title), named_by=2)
        for heading in ("protocol", "score", f"{ours} less {theirs}", "p-value", "faces", f"{ours} is"):
            table.add_column(styled(heading), overflow="fold", no_wrap=heading in ("p-value", "faces"))
        for compared in alike:
            result, example = compared.found, compared.ours.record.scores[compared.score]
            bounds = interval(result.interval95, example, sign=True, finer=1)
            table.add_row(
                styled(compared.protocol),
                styled(score_label(compared.score)),
                styled(f"{number(result.mean, example, sign=True, finer=1)}\n", (bounds, "dim")),
                styled(f"{p_value(result.p)}\n", (f"ranks {p_value(compared.p_ranks)}", "dim")),
                f"{compared.better} : {compared.worse}",
                styled((result.verdict_words, colours[result.verdict])),
            )
        yield table


def _as_json(compared: Compared) -> Any:
    import dataclasses

    from priorsr.infinity import json_value

    sides = {
        side: {"label": row.label, "records": [record.id for record in row.records], "seeds": list(row.seeds)}
        for side, row in (("ours", compared.ours), ("theirs", compared.theirs))
    }
    record = compared.ours.record
    plain = {
        "protocol": {"id": record.protocol.id, "hash": record.protocol.hash},
        "data": {"name": record.data.name, "hash": record.data.hash, "split": record.data.split},
        "score": compared.score,
        **sides,
        **dataclasses.asdict(compared.found),
        "p_ranks": compared.p_ranks,
        "better_faces": compared.better,
        "worse_faces": compared.worse,
        "by_face": compared.by_face,
    }
    return json_value(plain)
