"""Leaderboards as Rich tables, for the terminal and notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.table import Table
from rich.text import Text

from priorsr.bench.board.leaderboard import Leaderboard, leaderboards
from priorsr.bench.board.numbers import engineering, half_width, milliseconds, number, rank_interval, score_label
from priorsr.bench.board.rows import Row
from priorsr.bench.store.records import Record
from priorsr.bench.store.run_facts import Cost
from priorsr.continued_table import ContinuedTable
from priorsr.terminal import styled

LEGEND = (
    "±: half the 95 % interval, over the faces, or over seeds and faces where a row has several seeds. Below it: the "
    "difference to bicubic on the same faces, dim where not distinguishable. Ranks are intervals: a row is surely "
    "behind those before its first rank, and surely ahead of those after its last."
)
_COLOURS = {"better": "green", "worse": "red", "not distinguishable": "dim"}


def tables(records: Iterable[Record]) -> Iterator[Table]:
    """Return a table for each protocol and split, and one more for the rows with a prior beyond LR."""
    for board in leaderboards(records):
        if board.ranked:
            yield _table(board, board.ranked, board.title)
        if board.given_prior:
            title = f"{board.title}, with a prior beyond LR (not ranked with the others)"
            yield _table(board, board.given_prior, title)


def _table(board: Leaderboard, rows: Sequence[Row], title: str) -> Table:
    table = ContinuedTable(title=styled(title))
    table.add_column("model", overflow="fold")
    for name in board.scores:
        table.add_column(styled(score_label(name)), no_wrap=True)
    for cost in ("params", "MACs", "latency"):
        table.add_column(cost, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(_model(board, row), *(_cell(row, name) for name in board.scores), *_cost(row.record.cost))
    return table


def _cost(cost: Cost | None) -> tuple[str, str, str]:
    """Return parameters, MACs and latency, or dashes for a model that was run elsewhere."""
    if cost is None:
        return ("\N{EN DASH}",) * 3
    latency = milliseconds(cost.latency[0].milliseconds) if cost.latency else "\N{EN DASH}"
    return engineering(cost.parameters), engineering(cost.macs), latency


def _model(board: Leaderboard, row: Row) -> Text:
    """Return a row's label, and below it its rank in the first score, its seeds, and what was checked."""
    first = row.scores.get(board.scores[0])
    said = [f"rank {rank_interval(first.ranks)}"] if first else []
    said += ["baseline"] if row is board.baseline else []
    said += [f"{len(row.seeds)} seeds"] if row.over_seeds else []
    said += ["made elsewhere"] if row.record.origin == "images" else []
    said += [f"verified, tier {row.tier}"] if row.tier else []
    return styled((row.label, "bold"), *((f"\n{part}", "dim") for part in said))


def _cell(row: Row, name: str) -> Text:
    if name not in row.scores:
        return styled(("absent", "dim"))
    score = row.scores[name]
    parts = [(number(score.value, score), "bold"), (f"\n{half_width(score.interval95, score)}", "dim")]
    if score.difference:
        difference = number(score.difference.mean, score, sign=True)
        parts.append((f"\n{difference}", _COLOURS[score.difference.verdict]))
    return styled(*parts)
