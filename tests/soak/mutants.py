"""Damaged and forged bytes, JSON and TOML, each drawn by a generator, so that a seed gives the same ones again."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEEP = "[" * 3_000 + "]" * 3_000
HOSTILE = (  # as JSON spells them, in place of any value
    *("null", "true", "-1", "0", "0.5", "1180591620717411303424", "1e308", "-1e308", "1e999", "NaN", "-Infinity"),
    *('""', '"x"', '"\\u001b[2J\\u009b31m\\u202e"', '"\\ud800"', '"[red]x[/red]"', '"../../etc/passwd"', '"hf://a/b"'),
    *("[]", "{}", "[[1]]", '{"part": 5, "options": {}}', DEEP, f'"{"a" * 100_000}"', f"[{'0,' * 20_000}0]"),
)
WHOLE = ("", "[]", "5", "null", '"x"', DEEP, '{"a":' * 3_000, "\ufeff{}", "{", "\x00", "{} {}")
TOML = (
    *("nan", "inf", "-1", "0", "1e308", "1e-320", "1180591620717411303424"),
    *('"x"', "[]", "[[1]]", "true", "{}", "[" * 999),
)
WORDS = (
    "",
    "-1",
    "0",
    "1e30",
    "1e999",
    "nan",
    "9" * 400,
    "0x10",
    "a/../b",
    "..",
    "\x1b[2J",
    "\udcff",
    "\x00",
    "é",
    "a" * 300,
)

Mutate = Callable[[random.Random, Path], str]
"""Changes a file, and returns what was done."""


def damaged(dice: random.Random, path: Path) -> str:
    """Change bytes of a file: flip, cut off, drop, repeat, or fill with zeros."""
    content = bytearray(path.read_bytes())
    size = len(content)
    at, length = dice.randrange(size), dice.choice((1, 4, 64, 512))
    how = dice.choice(("flip", "flip", "flip", "cut", "drop", "repeat", "zeros"))
    if how == "flip":
        content[at] ^= 1 << dice.randrange(8)
    elif how == "cut":
        del content[at:]
    elif how == "drop":
        del content[at : at + length]
    elif how == "repeat":
        content[at:at] = content[at : at + length]
    else:
        content[at : at + length] = bytes(len(content[at : at + length]))
    path.write_bytes(content)
    return f"{how} {length if how in ('drop', 'repeat', 'zeros') else ''} at {at} of {size}"


def text_file(dice: random.Random, path: Path) -> str:
    """Change a list: its bytes, or one of its words or lines."""
    if dice.random() < 0.3:
        return damaged(dice, path)
    lines = path.read_text(encoding="utf-8").splitlines()
    at, how, odd = dice.randrange(len(lines)), dice.random(), dice.choice(WORDS)
    if how < 0.2:
        what = f"line {at} dropped"
        del lines[at]
    elif how < 0.4:
        what = f"line {at} repeated"
        lines.insert(dice.randrange(len(lines)), lines[at])
    elif how < 0.5:
        what = f"line {at} is {odd!r}"
        lines[at] = odd
    else:
        words = lines[at].split() or [""]
        place = dice.randrange(len(words))
        words[place] = odd
        what = f"line {at}, word {place} is {odd!r}"
        lines[at] = " ".join(words)
    content = (dice.choice(("\n", "\r\n")).join(lines) + dice.choice(("\n", ""))).encode("utf-8", "surrogateescape")
    path.write_bytes(dice.choice((b"", b"", b"\xef\xbb\xbf")) + content)
    return what


def json_file(dice: random.Random, path: Path) -> str:
    """Change a JSON file: its bytes, one value, one key, or the whole."""
    if dice.random() < 0.2:
        return damaged(dice, path)
    text, what = json_text(dice, path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    return what


def json_text(dice: random.Random, text: str) -> tuple[str, str]:
    """Change a JSON text: put something hostile in place of a value, drop or repeat a key, or replace the whole."""
    if dice.random() < 0.1:
        whole = dice.choice(WHOLE)
        return whole, f"whole is {whole[:20]!r}"
    content = json.loads(text)
    places = list(_places(content))
    *place, key = dice.choice(places) if places else ("",)
    inside = content
    for part in place:
        inside = inside[part]
    where, how = ".".join(map(str, (*place, key))), dice.random()
    if how < 0.15 and isinstance(inside, dict):
        del inside[key]
        return json.dumps(content), f"{where} dropped"
    hostile, marker = dice.choice(HOSTILE), "here-is-the-hostile-value"
    again = how > 0.9 and isinstance(inside, dict)
    if again:
        inside["here-is-the-repeated-key"] = marker
    else:
        inside[key] = marker
    changed = json.dumps(content).replace("here-is-the-repeated-key", json.dumps(str(key))[1:-1])
    return changed.replace(f'"{marker}"', hostile), f"{where} is {hostile[:30]}{' too' if again else ''}"


def json_lines(dice: random.Random, path: Path) -> str:
    """Change a line of a file of JSON lines, or its bytes."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if dice.random() < 0.2:
        return damaged(dice, path)
    at = dice.randrange(len(lines))
    lines[at], what = json_text(dice, lines[at])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"line {at}: {what}"


def toml_file(dice: random.Random, path: Path) -> str:
    """Change a TOML file: a value, a line, or its bytes where that leaves it another text."""
    lines = path.read_text(encoding="utf-8").splitlines()
    keys = [at for at, line in enumerate(lines) if re.match(r"\w+ = ", line)]
    at, how = dice.choice(keys), dice.random()
    if how < 0.2:
        what = f"{lines.pop(at)} dropped"
    elif how < 0.3:
        lines.insert(at, lines[at])
        what = f"{lines[at]} repeated"
    else:
        hostile = dice.choice(TOML)
        lines[at] = f"{lines[at].partition(' = ')[0]} = {hostile}"
        what = lines[at][:40]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return what


def _places(content: Any, place: tuple[Any, ...] = ()) -> Any:
    """The place of every value in a JSON content."""
    pairs = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in pairs:
        yield (*place, key)
        yield from _places(value, (*place, key))
