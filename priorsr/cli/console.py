"""Output of commands: results to stdout, progress and errors to stderr, in whatever encoding these have."""

from __future__ import annotations

import codecs
import dataclasses
import json
import os
import re
import sys
from contextlib import suppress
from typing import Any

from priorsr.terminal import Terminal

console = Terminal()
errors = Terminal(stderr=True)

_SPELT = {"∞": "inf", "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "±": "+-", "…": "...", "\N{MULTIPLICATION SIGN}": "x"}


def _spell(error: UnicodeError) -> tuple[str, int]:
    """Spell what an encoding lacks: ∞ as inf, and what has no such form as \\u2713."""
    assert isinstance(error, UnicodeEncodeError), "only what is written is spelt"
    lacking = error.object[error.start : error.end]
    return "".join(_SPELT.get(char) or ascii(char)[1:-1] for char in lacking), error.end


codecs.register_error("priorsr-spelt", _spell)


def write_in_any_encoding() -> None:
    """Make stdout spell characters that its encoding lacks, as stderr does, instead of raising."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)  # absent where a notebook has put its own in its place
    if reconfigure:
        reconfigure(errors="priorsr-spelt")


def keywords_as_options(message: str) -> str:
    """Return an error's message for users of commands: a keyword of Python such as (resume=True) becomes (--resume)."""
    return re.sub(r"\(([a-z_]+)=True\)", lambda found: f"(--{found[1].replace('_', '-')})", message)


def takes_output() -> bool:
    """Return whether stdout takes one line more."""
    try:
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError:
        return False
    return True


def abandon_output() -> None:
    """Discard the remaining output, since stdout takes no more, and Python would complain of it at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_json(value: Any) -> None:
    """Print a value, dataclasses included, as JSON for a program to read; in ASCII where stdout is not UTF-8."""
    ascii_only = not console.encoding.lower().startswith("utf")
    text = json.dumps(value, indent=1, ensure_ascii=ascii_only, default=dataclasses.asdict)
    console.file.write("".join(char if char.isprintable() or char == "\n" else _escaped(char) for char in text) + "\n")


def _escaped(char: str) -> str:
    """Return a character as JSON spells it, such as \\u202e, so that reading it gives the same."""
    return json.dumps(char)[1:-1]
