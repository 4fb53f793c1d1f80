"""Untrusted text made safe to show: no character in it moves the cursor, reverses a line, or hides."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

LONGEST = 2000
_BREAKS = re.compile(r"\s*[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]\s*")


def printable(text: str, keep: str = "") -> str:
    r"""Return the text with every character that has no shape of its own spelt out: ESC as \x1b.

    Those are control characters (C0, C1), format characters (bidirectional overrides, zero width), lone surrogates, and
    what Unicode has not assigned; a space of any width becomes a plain one. keep: characters to leave as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keep else _spelt(char) for char in text)


def one_line(text: str) -> str:
    """Return the text as one printable line of at most 2,000 characters; a line break becomes a space."""
    line = printable(_BREAKS.sub(" ", text).strip())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def as_unicode(name: str) -> str:
    """Return an argument or a path as Unicode text: bytes that the locale could not read, as UTF-8 if they are that.

    Other bytes are spelt out. A path so changed is for showing only.
    """
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a surrogate that no byte stands for
        return printable(name)


def command_line() -> str:
    """Return the running command as a shell takes it, without the program's folder: as records and runs keep it."""
    return shlex.join([Path(sys.argv[0]).name, *map(as_unicode, sys.argv[1:])])


def key_and_value(key: str, value: object) -> str:
    """Return KEY=VALUE as an option takes it: a word as it is, any other value as JSON."""
    return f"{key}={value if isinstance(value, str) else json.dumps(value)}"


def _spelt(char: str) -> str:
    return " " if char.isspace() and not _BREAKS.match(char) else char.encode("unicode_escape").decode("ascii")
