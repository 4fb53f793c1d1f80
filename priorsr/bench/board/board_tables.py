"""The tables of a board of one's own: those of its face sets and protocols only, under its own names for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from priorsr.bench.board.board_file import Board, BoardSet
from priorsr.bench.board.leaderboard import Leaderboard, leaderboards
from priorsr.bench.store.records import Record
from priorsr.bench.store.verification import Verification


def board_tables(
    board: Board, records: Iterable[Record], verifications: Mapping[str, Verification] | None = None
) -> list[Leaderboard]:
    """Return the board's tables in the order of its sets, of each the default protocol's first.

    A set's name, version and licence are the board's own, whatever a record declares. Raises DataError as
    `Board.check`.
    """
    records = list(records)
    for record in records:
        board.check(record)
    order = {name: place for place, name in enumerate(board.protocols)}
    sets = {(known.hash, known.split): place for place, known in enumerate(board.facts.sets)}
    tables = [_named(table, board.set_of(table.records[0])) for table in leaderboards(records, verifications)]
    return sorted(
        tables,
        key=lambda table: (
            sets[table.data.hash, table.data.split],
            order[table.protocol.id.partition(" ")[0]],
            table.protocol_title,
        ),
    )


def _named(table: Leaderboard, known: BoardSet) -> Leaderboard:
    facts = {"name": known.name, "version": known.version, "licence": known.licence}
    return replace(table, data=table.data.model_copy(update=facts), data_title=f"{known.name} {known.split}")
