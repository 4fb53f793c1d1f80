"""Find images in a folder, in a zip or in a list of pairs by their stems."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from priorsr.data.decoding import MOST_BYTES, SUFFIXES
from priorsr.data.images import read_photograph
from priorsr.data.names import flaw_of_name, is_stray
from priorsr.errors import DataError
from priorsr.reading.content import check_file, read_content

MOST_LIST_BYTES = 2**26


class ImageFile(NamedTuple):
    """An image on disk, or in a zip. where: its name in messages. read: returns its pixels (H,W,3), uint8."""

    where: str
    read: Callable[[], np.ndarray]


class ListedPairs(dict[str, str]):
    """The stem of each SR image by that of its HR image. where: the list that they were read from, in messages."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where


def is_folder_of_images(path: Path) -> bool:
    """Return whether a path is a folder or a zip, and not an image."""
    return path.is_dir() or path.suffix.lower() == ".zip"


def images_by_stem(path: Path) -> dict[str, ImageFile]:
    """Find the images of a folder, with those of its subfolders, or of a zip, by their stems, in their order.

    Raises DataError without images, for two images of one stem, and for a stem that cannot name a face.
    """
    found: dict[str, ImageFile] = {}
    for name, read in _members(path) if path.suffix.lower() == ".zip" and not path.is_dir() else _files(path):
        pure = PurePosixPath(name)
        if pure.suffix.lower() not in SUFFIXES or any(is_stray(Path(part)) for part in pure.parts):
            continue
        where = f"{path}/{name}"
        if flaw := flaw_of_name(pure.stem):
            raise DataError(f"{where!r}: the stem cannot name a face: {flaw}")
        if pure.stem in found:
            raise DataError(f"{where}: has the stem of {found[pure.stem].where}; one image of each stem was expected")
        found[pure.stem] = ImageFile(where, partial(_pixels, Path(where), read))
    if not found:
        raise DataError(f"{path}: holds no image; files ending in {', '.join(SUFFIXES)} were expected")
    return dict(sorted(found.items()))


def read_pairs(path: Path) -> ListedPairs:
    """Read a list of pairs, CSV with the columns sr and hr: by the stem of an HR image, the stem of its SR image.

    Raises DataError naming the line for a wrong header, wrong columns, and an image that is listed twice.
    """
    text = read_content(path, "a CSV file of pairs", MOST_LIST_BYTES)
    try:
        lines = list(csv.reader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV ({error})") from error
    header = [name.strip().lower() for name in lines[0]] if lines else []
    if sorted(header) != ["hr", "sr"]:
        raise DataError(f"{path}: begins with {','.join(header)!r:.80}; the columns sr,hr were expected")
    pairs = ListedPairs(str(path))
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        if len(line) != 2:
            raise DataError(f"{path}: line {number} has {len(line)} columns; sr and hr were expected")
        sr, hr = (PurePosixPath(line[header.index(name)].strip()).stem for name in ("sr", "hr"))
        if hr in pairs or sr in pairs.values():
            raise DataError(f"{path}: line {number} names {hr!r} or {sr!r} a second time; each image once was expected")
        pairs[hr] = sr
    return pairs


def paired(
    sr: Mapping[str, ImageFile], faces: Iterable[str], pairs: Mapping[str, str] | None, who: str
) -> dict[str, ImageFile]:
    """Return the SR image of each face, by its own stem or as `pairs` has it; `who` names the SR images in messages.

    Raises DataError, with counts and an example, for faces without an image, and images without a face.
    """
    who = f"{pairs.where}, {who}" if isinstance(pairs, ListedPairs) else who
    names = {face: face for face in faces}
    if pairs is not None:
        _report_odd([face for face in names if face not in pairs], len(names), "faces without a line in the pairs", who)
        names = {face: pairs[face] for face in names}
    missing = [face for face, name in names.items() if name not in sr]
    _report_odd(missing, len(names), "faces without an SR image of their stem", who)
    if pairs is None:
        _report_odd([name for name in sr if name not in names], len(sr), "SR images without a face of their stem", who)
    return {face: sr[name] for face, name in names.items()}


def _report_odd(odd: list[str], count: int, what: str, who: str) -> None:
    if odd:
        raise DataError(
            f"{who}: {len(odd)} of {count} are {what}, such as {odd[0]!r}; equal stems, or a CSV file of pairs "
            "(--pairs) with the columns sr,hr, were expected"
        )


def _files(folder: Path) -> Iterator[tuple[str, Callable[[], bytes | None]]]:
    if not folder.is_dir():
        there = "it is a file of another kind" if folder.exists() else "there is neither"
        raise DataError(f"{folder}: a folder or a zip of images was expected, and {there}")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), lambda: None


def _members(path: Path) -> Iterator[tuple[str, Callable[[], bytes | None]]]:
    check_file(path, "a zip of images", 2**40)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [member for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise DataError(f"{path}: cannot be read as a zip ({error})") from error
    for member in names:
        yield member.filename, partial(_member, path, member)


def _member(path: Path, member: zipfile.ZipInfo) -> bytes:
    where = f"{path}/{member.filename}"
    if member.file_size > MOST_BYTES:
        raise DataError(f"{where}: has {member.file_size:,} bytes; an image of at most {MOST_BYTES:,} was expected")
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            return file.read(MOST_BYTES)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, zipfile.zlib.error) as error:  # type: ignore[attr-defined]
        raise DataError(f"{where}: cannot be read from the zip ({error})") from error


def _pixels(where: Path, read: Callable[[], bytes | None]) -> np.ndarray:
    return read_photograph(where, content=read())[0]
