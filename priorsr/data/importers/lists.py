"""Read the text lists of data sets: splits, and face positions in images."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from priorsr.data.decoding import SUFFIXES
from priorsr.errors import DataError, OptionError
from priorsr.reading.content import read_content

MOST_BYTES = 2**28  # of CelebA's lists, the longest has 2**23
SPLITS = ("train", "val", "test")
PARTITION = {"0": "train", "1": "val", "2": "test"}  # CelebA's numbers
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
LINE = re.compile(r"\r\n|\r|\n")


class ListLine(NamedTuple):
    """A line of a list: its number, counted from 1, and its words."""

    number: int
    words: list[str]

    def __str__(self) -> str:
        return f"line {self.number} is {' '.join(self.words)!r:.100}"


def place(src: Path, name: str, folders: Sequence[str]) -> Path:
    """Return the path of a data set's part: in `src` or in one of these folders of it; in `src` if it is missing."""
    return next(
        (path for path in (src / name, *(src / inner / name for inner in folders)) if path.exists()), src / name
    )


def read_rows(path: Path) -> list[ListLine]:
    """Return the non-empty lines of a list.

    The text is UTF-8, with or without a byte order mark, or UTF-16 with one. Raises DataError naming the line for
    another encoding or control characters, and for an empty list.
    """
    content = read_content(path, "a list", MOST_BYTES)
    encoding = "utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}: line {line} cannot be read as {encoding.removesuffix('-sig').upper()}") from error
    if found := CONTROL.search(text):
        line = len(LINE.findall(text, 0, found.start())) + 1
        raise DataError(f"{path}: line {line} holds the character {found[0]!r}; a list as plain text was expected")
    lines = enumerate(LINE.split(text), start=1)
    rows = [ListLine(number, words) for number, line in lines if (words := line.split())]
    if not rows:
        raise DataError(f"{path}: is empty; a list was expected")
    return rows


def face_of(name: str) -> str:
    """Return the face's id: an image's name without its suffix, which may be in upper or lower case."""
    return next((name[: -len(suffix)] for suffix in SUFFIXES if name.lower().endswith(suffix)), name)


def by_face(path: Path, rows: Sequence[ListLine]) -> dict[str, ListLine]:
    """Return the rows of a list by the face in their first column; raises DataError for a face in two rows."""
    found: dict[str, ListLine] = {}
    for row in rows:
        name = row.words[0]
        first = found.setdefault(face_of(name), row)
        if first is not row:
            raise DataError(f"{path}: names {name!r} twice, in lines {first.number} and {row.number}")
    return found


def read_partition(path: Path) -> dict[str, str]:
    """Return the split of each face in CelebA's list (0, 1 or 2); raises DataError naming a wrong line."""
    rows = read_rows(path)
    for row in rows:
        if len(row.words) != 2 or row.words[1] not in PARTITION:
            raise DataError(f"{path}: {row}; an image's name and 0, 1 or 2 were expected")
    return {face: PARTITION[row.words[1]] for face, row in by_face(path, rows).items()}


def read_split_file(path: Path, ids: Collection[str], counts: Mapping[str, int] | None) -> dict[str, str]:
    """Return the split of each face in a user's list, whose lines are an image's name and train, val or test.

    counts: required number of faces of each split. Raises DataError for a wrong line, a face that is named twice or is
        not among `ids`, and other counts.
    """
    rows = read_rows(path)
    for row in rows:
        if len(row.words) != 2 or row.words[1] not in SPLITS:
            raise DataError(
                f"{path}: {row}; the name of an image and {', '.join(SPLITS[:-1])} or {SPLITS[-1]} were expected"
            )
    named = by_face(path, rows)
    check_there(path, named, ids)
    splits = {face: row.words[1] for face, row in named.items()}
    found = Counter(splits.values())
    if counts is not None and found != Counter(counts):
        raise DataError(f"{path}: names {_shown(found)}; {_shown(counts)} were expected")
    return splits


def check_there(path: Path, named: Mapping[str, ListLine], ids: Collection[str]) -> None:
    """Raise DataError for the first face of a list that is not among `ids`."""
    for face, row in named.items():
        if face not in ids:
            raise DataError(f"{path}: names {row.words[0]!r}, of which there is no image, in line {row.number}")


def _shown(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[split]} {split}" for split in SPLITS if split in counts)


def check_split(split: str, published: Collection[str], own: str, split_file: str | Path | None) -> None:
    """Raise OptionError for an unknown split, or one whose members are neither published nor in a split file."""
    if split not in (own, *published):
        raise OptionError(f"the split is {split!r}; one of {', '.join((own, *published))} was expected")
    if split in published and split_file is None:
        raise OptionError(
            f"which faces are in the split {split!r} is not published: name them in a file (--split-file) with a line "
            "for each, an image's name and train, val or test"
        )
