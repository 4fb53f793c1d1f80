"""Images, and other files, brought from a results folder into the site's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from priorsr.errors import DataError
from priorsr.partial_files import reserved


def image_folder(source: Path, results: Path) -> str:
    """Where a folder of images of the results lies in the site, as a URL without the slash at its end."""
    return quote((Path("images") / source.relative_to(results)).as_posix())


def image_url(folder: str, face: str) -> str:
    """The URL of a face's image in a folder of the site."""
    return f"{folder}/{quote(face, safe='')}.png"


def bring_images(source: Path, faces: Iterable[str], results: Path, out: Path) -> None:
    """Copy the images FACE.png of a results folder's `source` to their place in `out`.

    One of the same size and time that is there is kept, so that building again is quick.
    """
    target = out / "images" / source.relative_to(results)
    with _refusals_told(source, target):
        target.mkdir(parents=True, exist_ok=True)
        given, there = _stamps(source), _stamps(target)
        for name in (f"{face}.png" for face in faces):
            if there.get(name) != given[name]:
                _copy(source / name, target / name)


def bring(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all; not forced to the disk, since a site can be built again."""
    with _refusals_told(source, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    with reserved(target) as beside:
        shutil.copy2(source, beside)
        beside.replace(target)


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file of a folder."""
    with os.scandir(folder) as entries:
        stats = {entry.name: entry.stat() for entry in entries}
    return {name: (found.st_size, found.st_mtime_ns) for name, found in stats.items()}


@contextmanager
def _refusals_told(source: Path, target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"{source}: cannot be copied to {target} ({error.strerror or error})") from error
