"""Find rows and records by the name that a user gives: a label, a record's id or file, or a model's weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from priorsr.bench.board.rows import Row
from priorsr.bench.running.entries import entry_from_spec
from priorsr.bench.store.records import Record
from priorsr.bench.store.results import read_record
from priorsr.errors import OptionError, UnknownNameError, did_you_mean


class RowSelector:
    """A user's name for a row: its label, the label or id of one of its records, a record's file, or a model's.

    A model is a training run's folder or a weights file, as `priorsr bench run` takes it; it is found by its weights'
    hash. record: what a record's file holds.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        path = Path(text)
        self.record = read_record(path) if path.suffix == ".json" else None
        is_model = path.is_dir() or path.suffix == ".safetensors"
        self._weights = entry_from_spec(path).facts.weights_hash if is_model else None

    def is_of(self, record: Record) -> bool:
        """Return whether it names this record, one checkpoint of a row that may have several."""
        if self.record:
            return record.id == self.record.id
        if self._weights:
            return record.model.weights_hash == self._weights
        return self.text in (record.id, record.model.label)

    def row(self, rows: Iterable[Row]) -> Row | None:
        """Return the row of a table that it names, or the checkpoint, as a row of its own.

        Raises OptionError for several.
        """
        rows = list(rows)
        found = [row for row in rows if row.label == self.text] or [
            replace(row, records=(record,), label=record.model.label, seeds=row.seeds[place : place + 1])
            for row in rows
            for place, record in enumerate(row.records)
            if self.is_of(record)
        ]
        if len(found) > 1:
            ids = ", ".join(row.record.id for row in found)
            raise OptionError(
                f"{self.text!r} names {len(found)} rows of one table; one of their ids was expected: {ids}"
            )
        return found[0] if found else None

    def unknown(self, labels: Iterable[str]) -> UnknownNameError:
        """Return the error that no record has this name, with the closest of these labels."""
        return UnknownNameError(f"there is no record of {self.text!r}; {did_you_mean(self.text, set(labels))}")


def records_called(records: Sequence[Record], text: str) -> list[Record]:
    """Return the records that a user calls `text`, of every protocol and split.

    Raises UnknownNameError if there is none.
    """
    name = RowSelector(text)
    found = [record for record in records if name.is_of(record)]
    if not found:
        raise name.unknown(record.model.label for record in records)
    return found
