"""No character of a stranger's text moves a cursor, turns a line round, or hides."""

from __future__ import annotations

import pickle

import pytest

from priorsr.errors import DataError, OptionError, ShapeError
from priorsr.text import LONGEST, as_unicode, one_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, é, 漢字, 🙂, $x$ [red]", "plain, é, 漢字, 🙂, $x$ [red]"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\x9b31m", r"\x9b31m"),  # CSI of C1, one character
        ("abc\u202egnp.exe", r"abc\u202egnp.exe"),
        ("a\u2066b\u2069\u200b\ufeff\u00ad", r"a\u2066b\u2069\u200b\ufeff\xad"),
        ("\ud800 \U000e0041 \x00", r"\ud800 \U000e0041 \x00"),
        ("1\u00a0000\u3000px", "1 000 px"),
        ("two\nlines\t\u2028", r"two\nlines\t\u2028"),
    ],
)
def test_what_has_no_shape_is_spelt_out(text: str, shown: str) -> None:
    assert printable(text) == shown
    printable(text).encode()


def test_newlines_stay_where_they_are_meant() -> None:
    assert printable("two\nlines\x1b", keep="\n") == "two\nlines\\x1b"


def test_one_line_is_one_line_and_ends() -> None:
    assert one_line(" a\n  b\r\nc\x85\td\x0b\x1be ") == r"a b c d \x1be"
    assert len(one_line("x" * 10**6)) == LONGEST
    assert one_line("x" * 10**6).endswith("x…")


@pytest.mark.parametrize("kind", [DataError, OptionError, ShapeError])
def test_an_error_is_one_printable_line(kind: type[Exception]) -> None:
    error = kind("a\x1b[2J.json: holds\n  'x'")
    assert str(error) == r"a\x1b[2J.json: holds 'x'"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain", "plain"),
        ("é∞", "é∞"),
        ("r\udcc3\udca9s", "rés"),
        ("\udcff.png", r"\xff.png"),
        ("a\ud800b", r"a\ud800b"),
    ],
)
def test_an_argument_becomes_unicode(name: str, shown: str) -> None:
    assert as_unicode(name) == shown
