"""Lists that come with a data set: which face is in which split, and where faces are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from priorsr.errors import DataError, OptionError

SPLITS = ("train", "val", "test")


def place(src: Path, name: str, folders: Sequence[str]) -> Path:
    """Where a part of a data set lies: in `src`, or in one of these folders of it; in `src` if it is nowhere."""
    return next(
        (path for path in (src / name, *(src / inner / name for inner in folders)) if path.exists()), src / name
    )


def read_rows(path: Path) -> list[list[str]]:
    """The words of every line that has any; raises DataError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; a list was expected") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a list ({error})") from error
    return [words for line in lines if (words := line.split())]


def read_split_file(path: Path, ids: Collection[str], counts: Mapping[str, int] | None) -> dict[str, str]:
    """The split of each face that a user's list names: a line each, an image's name and train, val or test.

    counts: how many each split must have. Raises DataError for any other line, a face that is named twice or is not
    among `ids`, and other counts.
    """
    splits: dict[str, str] = {}
    for words in read_rows(path):
        if len(words) != 2 or words[1] not in SPLITS:
            raise DataError(
                f"{path}: has the line {' '.join(words)!r}; the name of an image and {', '.join(SPLITS[:-1])} or "
                f"{SPLITS[-1]} were expected"
            )
        face = Path(words[0]).stem
        if face in splits:
            raise DataError(f"{path}: names {words[0]!r} twice")
        if face not in ids:
            raise DataError(f"{path}: names {words[0]!r}, of which there is no image")
        splits[face] = words[1]
    found = Counter(splits.values())
    if counts is not None and found != Counter(counts):
        raise DataError(f"{path}: names {_told(found)}; {_told(counts)} were expected")
    return splits


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[split]} {split}" for split in SPLITS if split in counts)


def check_split(split: str, published: Collection[str], own: str, split_file: str | Path | None) -> None:
    """Raise OptionError for a split that is unknown, or whose members nobody has published and no file names."""
    if split not in (own, *published):
        raise OptionError(f"the split is {split!r}; one of {', '.join((own, *published))} was expected")
    if split in published and split_file is None:
        raise OptionError(
            f"which faces are in the split {split!r} is not published: name them in a file (--split-file) with a line "
            "for each, an image's name and train, val or test"
        )
