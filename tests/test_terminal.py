"""No text of strangers moves a cursor, hides, or is read as markup, wherever it leaves for a terminal."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from rich.progress import Progress, TextColumn
from rich.table import Table
from rich.text import Text

from priorsr.cli import console
from priorsr.terminal import Terminal, styled

HOSTILE = "[red]x[/red] [/] :smile: \x1b[31m\x9b31m\u202egnp\u2066\x07"
SHOWN = r"[red]x[/red] [/] :smile: \x1b[31m\x9b31m\u202egnp\u2066\x07"


def shown(*things: object, **how: object) -> str:
    terminal = Terminal()
    terminal.file, terminal._width, terminal._force_terminal = StringIO(), 200, False
    for thing in things:
        terminal.print(thing, **how)
    return terminal.file.getvalue()


@pytest.mark.parametrize("how", [{}, {"soft_wrap": True}, {"style": "dim"}, {"highlight": False}])
def test_strings_are_printed_as_they_are(how: dict[str, object]) -> None:
    assert shown(HOSTILE, **how) == SHOWN + "\n"


def test_tables_and_texts_too() -> None:
    table = Table(HOSTILE, title=HOSTILE)
    table.add_row(HOSTILE)
    table.add_row(Text(HOSTILE))
    table.add_row(styled(("a ", "bold"), HOSTILE, (HOSTILE, "red")))
    found = shown(table)
    assert found.count(SHOWN) == 5  # of a Text as it is, Rich drops the bell
    assert all(char.isprintable() or char == "\n" for char in found)
    assert shown(Text(HOSTILE)) == SHOWN.removesuffix(r"\x07") + "\n"  # Rich drops the bell itself


def test_styles_of_ours_stay() -> None:
    assert styled(("a", "bold"), "b").spans[0].style == "bold"
    assert shown("two\nlines\tand a tab") == "two\nlines   and a tab\n"


def test_progress_too() -> None:
    terminal = Terminal()
    terminal.file, terminal._width = StringIO(), 200
    with Progress(TextColumn("{task.description}", markup=False), console=terminal) as progress:
        progress.add_task(HOSTILE, total=1)
    printed = terminal.file.getvalue()
    assert printed.startswith(r"[red]x[/red] [/] :smile: \x1b[31m")
    assert all(char.isprintable() or char == "\n" for char in printed)


def test_json_is_printable_and_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    value = {HOSTILE: ["é", HOSTILE, "\ud800"]}
    console.print_json(value)
    printed = capsys.readouterr().out
    assert json.loads(printed) == value
    assert all(char.isprintable() or char == "\n" for char in printed)
