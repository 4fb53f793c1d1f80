"""Check names of faces and splits, which become names of files, and recognise files that belong to no face."""

from __future__ import annotations

import unicodedata
from pathlib import Path

LONGEST = 200  # bytes: a file system takes 255, and a suffix and the number of a process are added
LONGEST_FILE = LONGEST + len(".jpeg")
STRAYS = ("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "icon\r", "@eadir")  # of Windows, macOS, and a NAS
UNPRINTABLE = ("Cc", "Zl", "Zp")  # control characters, and separators of lines and paragraphs


def flaw_of_name(name: str, longest: int = LONGEST) -> str | None:
    """Return why a face or a split cannot have this name, of at most `longest` bytes, or None if it can."""
    if any("\ud800" <= character <= "\udfff" for character in name):
        return "it is not UTF-8"
    if name.startswith("\ufeff"):
        return "it begins with a byte order mark"
    if any(unicodedata.category(character) in UNPRINTABLE for character in name):
        return "it holds a control character or a line separator"
    if not name or name.startswith(".") or "/" in name or "\\" in name:
        return "a name without a slash, not beginning with a dot, was expected"
    if len(name.encode()) > longest:
        return f"it has {len(name.encode())} bytes; at most {longest} were expected"
    return None


def is_stray(path: Path) -> bool:
    """Return whether a file belongs to no face: hidden ones (.DS_Store, ._*), and what systems leave behind."""
    return path.name.startswith(".") or path.name.lower() in STRAYS
