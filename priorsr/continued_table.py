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

    Text is wrapped between words, and a word only where it is wider than the terminal. named_by: how many columns name
    a row, which are shown in each part. caption: below the last part.
    """

    def __init__(self, *headers: Column | str, title: object = None, caption: object = None, named_by: int = 1) -> None:
        super().__init__(*headers, title=title, caption=caption, box=None)  # type: ignore[arg-type]  # any text
        self._named_by = named_by

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        """Yield the table, or parts of it that fit."""
        most = options.max_width
        spans = [_span(column, console, options) for column in self.columns]
        name = min(spans[0].minimum, max(_LEAST, most // 4))
        spans[0] = Measurement(name, spans[0].maximum)
        parts = list(_parts([span.minimum for span in spans], most, self._named_by))
        for place, columns in enumerate(parts):
            widths = _widths([spans[column] for column in columns], most)
            yield self._part(columns, widths, first=place == 0, last=place == len(parts) - 1)

    def _part(self, columns: Sequence[int], widths: Sequence[int], *, first: bool, last: bool) -> Table:
        table = Table(
            title=self.title if first else None,
            caption=self.caption if last else None,
            title_justify="left",
            caption_justify="left",
            title_style="bold",
            header_style="dim",
            pad_edge=False,
            box=None,
        )
        chosen = [self.columns[place] for place in columns]
        for column, width in zip(chosen, widths, strict=True):
            overflow = column.overflow if column.no_wrap else "fold"
            table.add_column(
                column.header, justify=column.justify, overflow=overflow, no_wrap=column.no_wrap, width=width
            )
        for row in zip(*(column.cells for column in chosen), strict=True):
            table.add_row(*row)
        return table


def _span(column: Column, console: Console, options: ConsoleOptions) -> Measurement:
    """Return a column's width without a broken line, and its least: the same, or for text that of its longest word."""
    wide = options.update(max_width=10_000)
    found = [Measurement.get(console, wide, cell) for cell in (column.header, *column.cells)]
    most = max(one.maximum for one in found)
    return Measurement(most if column.no_wrap else max(one.minimum for one in found), most)


def _parts(widths: Sequence[int], most: int, names: int) -> Iterator[list[int]]:
    """Yield the places of the columns that fit beside each other, each time after the first ones, the names."""
    named = sum(widths[:names]) + _GAP * (names - 1)
    part, used = list(range(names)), named
    for place, width in enumerate(widths[names:], names):
        if len(part) > names and used + _GAP + width > most:
            yield part
            part, used = list(range(names)), named
        part.append(place)
        used += _GAP + width
    yield part


def _widths(spans: Sequence[Measurement], most: int) -> list[int]:
    """Return the widths of a part's columns: what each needs, and what is left, to the narrowest first."""
    widths = [span.minimum for span in spans]
    left = most - sum(widths) - _GAP * (len(spans) - 1)
    widths[-1] = max(1, widths[-1] + min(left, 0))  # a column that is wider than the terminal
    for _ in range(left):
        wanting = [place for place, span in enumerate(spans) if widths[place] < span.maximum]
        if not wanting:
            break
        widths[min(wanting, key=widths.__getitem__)] += 1
    return widths
