"""Leaderboards as Rich tables, for the terminal and notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.markup import escape
from rich.table import Table

from priorsr.bench.leaderboard import Leaderboard, Row, leaderboards
from priorsr.bench.numbers import engineering, half_width, milliseconds, number, score_label, verdict
from priorsr.bench.records import Record

LEGEND = "±: half the 95 % interval over the faces. Below it: the difference to bicubic on the same faces."
_COLOURS = {"better": "green", "worse": "red", "same": "dim"}


def tables(records: Iterable[Record]) -> Iterator[Table]:
    """A table for each protocol and split, and one more for the rows with a prior beyond LR."""
    for board in leaderboards(records):
        if board.ranked:
            yield _table(board, board.ranked, board.title)
        if board.given_prior:
            title = f"{board.title}, with a prior beyond LR (not ranked with the others)"
            yield _table(board, board.given_prior, title)


def _table(board: Leaderboard, rows: Sequence[Row], title: str) -> Table:
    table = Table(
        title=escape(title),
        title_justify="left",
        title_style="bold",
        header_style="dim",
        pad_edge=False,
        box=None,
    )
    table.add_column("model", overflow="fold")
    for name in board.scores:
        table.add_column(escape(score_label(name)))
    table.add_column("params", justify="right")
    table.add_column("MACs", justify="right")
    table.add_column("latency", justify="right")
    for row in rows:
        cost = row.record.cost
        table.add_row(
            f"[bold]{escape(row.record.model.label)}[/]"
            + ("\n[dim]baseline[/]" if row.record is board.baseline else ""),
            *(_cell(row, name) for name in board.scores),
            engineering(cost.parameters),
            engineering(cost.macs),
            milliseconds(cost.latency[0].milliseconds),
        )
    return table


def _cell(row: Row, name: str) -> str:
    if name not in row.record.scores:
        return "[dim]absent[/]"
    score = row.record.scores[name]
    lines = [f"[bold]{number(score.value, score)}[/]", f"[dim]{half_width(score.interval95, score)}[/]"]
    if name in row.differences:
        difference = row.differences[name]
        lines.append(f"[{_COLOURS[verdict(difference, score)]}]{number(difference.mean, score, sign=True)}[/]")
    return "\n".join(lines)
