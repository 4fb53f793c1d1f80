from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from priorsr.continued_table import ContinuedTable


def shown(table: ContinuedTable, width: int) -> str:
    console = Console(width=width, record=True, file=StringIO())
    console.print(table)
    return console.export_text()


def words() -> ContinuedTable:
    table = ContinuedTable("name", "hash", "text", title="A title", caption="A caption")
    table.add_row("a-name-of-some-length", "0123456789ab", "words that may be wrapped")
    return table


@pytest.mark.parametrize("width", [24, 40, 80])
def test_words_are_wrapped_and_none_is_lost(width: int) -> None:
    text = shown(words(), width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    for word in ("0123456789ab", "words", "that", "may", "be", "wrapped", "hash", "text"):
        assert text.split().count(word) == 1, word
    assert text.startswith("A title")
    assert text.split()[-2:] == ["A", "caption"]


def test_a_name_is_folded_and_no_letter_is_lost() -> None:
    lines = shown(words(), 24).splitlines()
    name = "".join(line.split()[0] for line in lines if line[0] != " " and line[:4] not in ("A ti", "name", "A ca"))
    assert name == 2 * "a-name-of-some-length"


def test_columns_of_text_share_the_width() -> None:
    table = ContinuedTable("name", "one", "other")
    table.add_row("a", "word " * 30, "word " * 30)
    line = shown(table, 66).splitlines()[1]
    assert line.split() == ["a", *["word"] * 12]


def test_what_fits_is_one_table() -> None:
    assert shown(words(), 80).split().count("a-name-of-some-length") == 1
    assert shown(words(), 40).split().count("a-name-of-some-length") == 0
