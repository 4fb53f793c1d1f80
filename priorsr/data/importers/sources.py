"""Files of a source, found and told apart before anything is read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from priorsr.data.images import SUFFIXES
from priorsr.errors import DataError

ASIDE = ("README", "LICENCE", "LICENSE")


def folder(path: Path, expected: str) -> Path:
    """`path` if it is a folder; raises DataError saying what was expected there."""
    if not path.is_dir():
        raise DataError(
            f"{path}: {'is not a folder' if path.exists() else 'there is no such folder'}; {expected} was expected"
        )
    return path


def check_no_strangers(path: Path, expected: Sequence[str]) -> None:
    """Raise DataError for anything in `path` that is not one of the expected names, since it would be left out."""
    for stranger in sorted(path.iterdir()):
        if stranger.name not in expected and not _is_aside(stranger):
            raise DataError(f"{stranger}: would be left out; only {', '.join(expected)} were expected in {path}")


def _is_aside(path: Path) -> bool:
    """Whether this is a hidden file, or one such as README.md and LICENCE, which belongs to no face."""
    about = path.name.upper().startswith(ASIDE) and path.suffix.lower() not in SUFFIXES and path.is_file()
    return about or path.name.startswith(".")


def images_by_id(path: Path) -> dict[str, Path]:
    """The image files in a folder by their names without suffix, sorted. Hidden files and README.md do not count.

    Raises DataError for anything else in the folder, for two images of one name, and for a folder without images.
    """
    found: dict[str, Path] = {}
    for file in sorted(folder(path, "a folder of images").iterdir()):
        if _is_aside(file):
            continue
        if not file.is_file() or file.suffix.lower() not in SUFFIXES:
            raise DataError(f"{file}: is not an image; only {', '.join(SUFFIXES)} files were expected in {path}")
        if file.stem in found:
            raise DataError(f"{file}: {found[file.stem].name} has the same name; one image a face was expected")
        found[file.stem] = file
    if not found:
        raise DataError(f"{path}: holds no images; {', '.join(SUFFIXES)} files were expected")
    return found


def key(*sources: Path | None, **options: Any) -> str:
    """A key for `Face`: the files' names, sizes and times, and the options that they are read with."""
    stats = [source and (source.name, (stat := source.stat()).st_size, stat.st_mtime_ns) for source in sources]
    return json.dumps([stats, options], sort_keys=True)
