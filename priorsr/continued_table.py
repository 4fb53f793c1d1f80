"""Tables for narrow terminals: what does not fit beside is continued below, and no number is broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.table import Column, Table

_GAP = 2  # between columns without a box
_LEAST = 10  # of the first column, which names the rows and may be folded


class ContinuedTable(Table):
    """A table without a box whose columns are continued below where they do not fit.

    named_by: how many columns name a row, which are shown in each part.
    """

    def __init__(self, *headers: Column | str, title: object = None, named_by: int = 1) -> None:
        super().__init__(*headers, title=title, box=None)  # type: ignore[arg-type]  # any text
        self._named_by = named_by

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        """Yield the table, or parts of it that fit."""
        widths = [self._width(column, console, options) for column in self.columns]
        for place, columns in enumerate(_parts(widths, options.max_width, self._named_by)):
            yield self._part(columns, place == 0)

    def _width(self, column: Column, console: Console, options: ConsoleOptions) -> int:
        """Return a column's width where none of its lines is broken, or for text its longest word's."""
        wide = options.update(max_width=10_000)
        found = [Measurement.get(console, wide, cell) for cell in (column.header, *column.cells)]
        return max(one.maximum if column.no_wrap else one.minimum for one in found)

    def _part(self, columns: Sequence[int], first: bool) -> Table:
        table = Table(
            title=self.title if first else None,
            title_justify="left",
            title_style="bold",
            header_style="dim",
            pad_edge=False,
            box=None,
        )
        chosen = [self.columns[place] for place in columns]
        for column in chosen:
            table.add_column(column.header, justify=column.justify, overflow=column.overflow, no_wrap=column.no_wrap)
        for row in zip(*(column.cells for column in chosen), strict=True):
            table.add_row(*row)
        return table


def _parts(widths: Sequence[int], most: int, names: int) -> Iterator[list[int]]:
    """Yield the places of the columns that fit beside each other, each time after the first ones, the names."""
    named = min(widths[0], max(_LEAST, most // 4)) + sum(_GAP + width for width in widths[1:names])
    part, used = list(range(names)), named
    for place, width in enumerate(widths[names:], names):
        if len(part) > names and used + _GAP + width > most:
            yield part
            part, used = list(range(names)), named
        part.append(place)
        used += _GAP + width
    yield part
