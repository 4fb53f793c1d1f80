"""A row between its neighbours in a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from priorsr.bench.board.leaderboard import Leaderboard
from priorsr.bench.board.rows import Row


@dataclass(frozen=True)
class Neighbours:
    """A row with the rows around it, best first: the one before, the one after, and the baseline."""

    table: Leaderboard
    row: Row
    around: tuple[Row, ...]


def neighbours(tables: Iterable[Leaderboard], record: str) -> Neighbours | None:
    """Find the table that has a record, by its id, and the rows around its row; None if no table has it."""
    for table in tables:
        for rows in (table.ranked, table.given_prior):
            for place, row in enumerate(rows):
                if any(one.id == record for one in row.records):
                    near = {id(other): other for other in rows[max(place - 1, 0) : place + 2]}
                    if table.baseline and any(table.baseline is other for other in rows):
                        near[id(table.baseline)] = table.baseline
                    return Neighbours(table, row, tuple(other for other in rows if id(other) in near))
    return None
