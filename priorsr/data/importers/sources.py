"""Find and check the files of a source before any is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from priorsr.data.decoding import SUFFIXES
from priorsr.data.names import LONGEST_FILE, flaw_of_name, is_stray
from priorsr.errors import DataError

ASIDE = ("README", "LICENCE", "LICENSE")


def folder(path: Path, expected: str) -> Path:
    """Return `path` if it is a folder; raises DataError naming what was expected there."""
    if not path.is_dir():
        raise DataError(
            f"{path}: {'is not a folder' if path.exists() else 'there is no such folder'}; {expected} was expected"
        )
    return path


def entries(path: Path) -> list[Path]:
    """Return a folder's entries, sorted, without hidden strays and files such as README.md, which belong to no face.

    Raises DataError for a name that is not allowed in a face's id or in a text.
    """
    found = sorted(entry for entry in path.iterdir() if not is_stray(entry) and not _is_about(entry))
    for entry in found:
        if flaw := flaw_of_name(entry.name, LONGEST_FILE):
            raise DataError(f"{path}: holds {entry.name!r}, which cannot be the name of a face's file: {flaw}")
    return found


def files_below(path: Path) -> Iterator[Path]:
    """Yield the files of `entries` in a folder and all its subfolders, except linked ones."""
    for entry in entries(path):
        if entry.is_dir() and not entry.is_symlink():
            yield from files_below(entry)
        elif entry.is_file():
            yield entry


def _is_about(path: Path) -> bool:
    return path.name.upper().startswith(ASIDE) and path.suffix.lower() not in SUFFIXES and path.is_file()


def check_no_strangers(path: Path, expected: Sequence[str]) -> None:
    """Raise DataError for an entry of `path` without one of the expected names, since it would be left out."""
    for stranger in entries(path):
        if stranger.name not in expected:
            raise DataError(
                f"{stranger}: is not used by the import; only {', '.join(expected)} were expected in {path}"
            )


def images_by_id(path: Path) -> dict[str, Path]:
    """Return the image files in a folder by their names without suffix, sorted.

    Raises DataError as `entries`, for other files in the folder, for two images of one name, and for a folder without
    images.
    """
    found: dict[str, Path] = {}
    for file in entries(folder(path, "a folder of images")):
        if not file.is_file() or file.suffix.lower() not in SUFFIXES:
            raise DataError(f"{file}: is not an image; only {', '.join(SUFFIXES)} files were expected in {path}")
        add_by_id(found, file)
    if not found:
        raise DataError(f"{path}: holds no images; {', '.join(SUFFIXES)} files were expected")
    return found


def add_by_id(found: dict[str, Path], file: Path) -> None:
    """Add a file under its name without suffix; raises DataError if there is one already."""
    if file.stem in found:
        raise DataError(f"{file}: {found[file.stem]} has the same name; one image a face was expected")
    found[file.stem] = file


def key(*sources: Path | None, **options: Any) -> str:
    """Return a cache key for `Face`: the files' names, sizes and times, and the options of reading them."""
    stats = [source and (source.name, (stat := source.stat()).st_size, stat.st_mtime_ns) for source in sources]
    return json.dumps([stats, options], sort_keys=True)
