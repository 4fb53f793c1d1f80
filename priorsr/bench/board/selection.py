"""Find rows and records by a user's name: a label, a record's id or file, a model's weights, or a setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from priorsr.bench.board.rows import Row
from priorsr.bench.running.entries import entry_from_spec
from priorsr.bench.store.records import Record
from priorsr.bench.store.results import read_record
from priorsr.errors import OptionError, UnknownNameError, did_you_mean
from priorsr.text import key_and_value


class RowSelector:
    """A user's name for a row, which is the first of these that fits.

    1. A row's label, the label or id of one of its records, or a record's file.
    2. A model: a training run's folder or a weights file, as `priorsr bench run` takes it, found by its weights' hash.
    3. A setting that one row alone was built or trained with: a word such as `concat`, or a value with the last parts
       of its key, such as `fusion=concat` or `depth=2`.

    record: what a record's file holds.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._path = Path(text)
        self.record = read_record(self._path) if self._path.suffix == ".json" else None

    def rows(self, tables: Sequence[Sequence[Row]]) -> list[Row | None]:
        """Return the row, or the checkpoint as a row of its own, that it names in each table; None for no row.

        A setting names rows only if no table has a row of that label, id or weights; the row is labelled with it.
        Raises OptionError for several rows of one table.
        """
        named = [self._named(table) for table in tables]
        if not any(named):
            named = [
                [replace(row, label=self.text) for row in table if self._is_set_in(row.record)] for table in tables
            ]
        return [self._only(found, table) for found, table in zip(named, tables, strict=True)]

    def _named(self, rows: Sequence[Row]) -> list[Row]:
        return (
            [row for row in rows if row.label == self.text]
            or _checkpoints(rows, self.is_called)
            or _checkpoints(rows, self.has_weights)
        )

    def _only(self, found: Sequence[Row], rows: Sequence[Row]) -> Row | None:
        if len(found) > 1:
            of = {record.id: row.label for row in rows for record in row.records}
            labels = sorted((of[row.record.id], row.record.id) for row in found)
            ids = ", ".join(f"{record} ({label})" for label, record in labels)
            raise OptionError(
                f"{self.text!r} names {len(found)} rows of one table; one of their ids was expected: {ids}"
            )
        return found[0] if found else None

    def is_called(self, record: Record) -> bool:
        """Return whether it is a record's label, id or file."""
        if self.record:
            return record.id == self.record.id
        return self.text in (record.id, record.model.label)

    def has_weights(self, record: Record) -> bool:
        """Return whether it is the model that a record is of."""
        return self._weights is not None and record.model.weights_hash == self._weights

    @cached_property
    def _weights(self) -> str | None:
        is_model = self._path.is_dir() or self._path.suffix == ".safetensors"
        return entry_from_spec(self._path).facts.weights_hash if is_model else None

    def _is_set_in(self, record: Record) -> bool:
        if self._path.exists():
            return False
        settings = (*_settings(record.model.config), *_settings(record.model.card.get("overrides")))
        if "=" in self.text:
            return any(f".{key_and_value(key, value)}".endswith(f".{self.text}") for key, value in settings)
        return any(value == self.text for _, value in settings)

    def unknown(self, labels: Iterable[str]) -> UnknownNameError:
        """Return the error that no record has this name, with the closest of these labels."""
        return UnknownNameError(f"there is no record of {self.text!r}; {did_you_mean(self.text, set(labels))}")


def records_called(records: Sequence[Record], text: str) -> list[Record]:
    """Return the records that a user calls `text`, by label, id or weights, of every protocol and split.

    Raises UnknownNameError if there is none.
    """
    name = RowSelector(text)
    found = [record for record in records if name.is_called(record)]
    found = found or [record for record in records if name.has_weights(record)]
    if not found:
        raise name.unknown(record.model.label for record in records)
    return found


def _checkpoints(rows: Sequence[Row], is_meant: Callable[[Record], bool]) -> list[Row]:
    """Return the records that are meant, each as a row of its own."""
    return [
        replace(row, records=(record,), label=record.model.label, seeds=row.seeds[place : place + 1])
        for row in rows
        for place, record in enumerate(row.records)
        if is_meant(record)
    ]


def _settings(values: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of a config, and of the configs in it, with their dotted keys."""
    if isinstance(values, Mapping):
        for name, value in values.items():
            yield from _settings(value, f"{key}.{name}" if key else name)
    elif key:
        yield key, values
