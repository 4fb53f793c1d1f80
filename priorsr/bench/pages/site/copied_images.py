"""Copy images and other files from a results folder into the site."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from priorsr.bench.store.stored_images import check_image
from priorsr.errors import DataError
from priorsr.partial_files import reserved


def image_folder(source: Path, results: Path) -> str:
    """Return the URL, without a slash at its end, of a folder of the results' images in the site."""
    return quote((Path("images") / source.relative_to(results)).as_posix())


def image_url(folder: str, face: str) -> str:
    """Return the URL of a face's image in a folder of the site."""
    return f"{folder}/{quote(face, safe='')}.png"


def copy_images(source: Path, hashes: Mapping[str, str], of: str, results: Path, out: Path) -> None:
    """Copy the images FACE.png of a results folder's `source` to their place in `out`.

    hashes: by face, the hash of its image in `of`. Existing copies of the same size and time are kept, so building
    again copies little. Raises DataError, before anything is copied, for an image with another hash.
    """
    target = out / "images" / source.relative_to(results)
    with _refusals_told(source, target):
        given = _stamps(source)
        with ThreadPoolExecutor() as pool:  # decoding and hashing run beside each other
            names = [f"{face}.png" for face in hashes]
            for _ in pool.map(
                lambda name, digest: _check(source / name, given[name], digest, of), names, hashes.values()
            ):
                pass
        target.mkdir(parents=True, exist_ok=True)
        there = _stamps(target)
        for name in names:
            if there.get(name) != given[name]:
                _copy(source / name, target / name)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all; not forced to the disk, since a site can be built again."""
    with _refusals_told(source, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(source, target)


@lru_cache(maxsize=2**18)
def _check(path: Path, _: tuple[int, int], digest: str, of: str) -> None:
    """Check an image once for all tables that show it, by its size and time."""
    check_image(path, digest, of)


def _copy(source: Path, target: Path) -> None:
    with reserved(target) as beside:
        shutil.copy2(source, beside)
        beside.replace(target)


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of every file of a folder."""
    with os.scandir(folder) as entries:
        stats = {entry.name: entry.stat() for entry in entries}
    return {name: (found.st_size, found.st_mtime_ns) for name, found in stats.items()}


@contextmanager
def _refusals_told(source: Path, target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"{source}: cannot be copied to {target} ({error.strerror or error})") from error
