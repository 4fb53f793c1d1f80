"""List the files that a command reads, and the files that it writes for each."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from priorsr.errors import DataError, OptionError
from priorsr.files import check_folder
from priorsr.inference.pictures.writing import FORMATS, SUFFIXES, Format

COMPARED = ".compare.png"


@dataclass(frozen=True)
class Job:
    """A picture to read and the files to write. compare: the comparison, or None. name: its path below `IN`."""

    source: Path
    target: Path
    compare: Path | None
    name: str


class Listing(NamedTuple):
    """The jobs of a command. ignored: the number of files in the given folders that are no pictures."""

    jobs: tuple[Job, ...]
    ignored: int


def list_jobs(
    inputs: Sequence[str], out: Path, *, format_: Format = "auto", compare: bool = False, overwrite: bool = False
) -> Listing:
    """List the pictures in files, folders and patterns: each once, sorted within a folder or a pattern.

    A folder stands for the pictures in it and in its subfolders (.png, .jpg, .jpeg, .webp; nothing hidden, and nothing
    in `out`). Results lie in `out` as their pictures lie in the nearest folder that holds all inputs, under the same
    name; the format `auto` keeps the suffix. Where two would get one name, such as a.jpg and a.png in the format webp,
    each keeps its suffix within: a.jpg.webp.

    Raises DataError for an input that is not there, or without pictures, for an `out` that is no folder, for results
    that are there already, unless `overwrite`, and wherever a result would take an input's place.
    """
    check_folder(out, "a folder for the results")
    found: dict[Path, None] = {}
    bases, ignored = [], 0
    for given in inputs:
        for path in _matches(given, _absolute(out)):
            if path.is_dir():
                bases.append(path)
                inside = list(_files(path, _absolute(out)))
                pictures = [file for file in inside if file.suffix.lower() in FORMATS]
                if not pictures:
                    raise DataError(f"{path}: holds no picture; files in {', '.join(FORMATS)} were expected")
                ignored += len(inside) - len(pictures)
                found |= dict.fromkeys(pictures)
            else:
                bases.append(path.parent)
                found[path] = None
    base = Path(os.path.commonpath(bases))
    jobs = _jobs([(path, path.relative_to(base)) for path in found], out, format_, compare)
    _check_targets(jobs, overwrite)
    return Listing(jobs, ignored)


def _matches(given: str, out: Path) -> list[Path]:
    """Return the absolute paths that an input stands for; a pattern does not stand for `out`."""
    if os.path.lexists(given):
        if not Path(given).exists():
            raise DataError(f"{given}: is a link to nothing; a picture or a folder was expected")
        return [_absolute(given)]
    found = sorted(glob.glob(given, recursive=True)) if glob.has_magic(given) else []  # noqa: PTH207  # of any root
    matches = [path for path in map(_absolute, found) if not path.is_relative_to(out)]
    if not matches:
        what = "matches no file" if glob.has_magic(given) else "there is no such file or folder"
        raise DataError(f"{given}: {what}; pictures, folders or patterns were expected")
    return matches


def _absolute(path: str | Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  # links keep their names


def _files(folder: Path, without: Path) -> Iterator[Path]:
    """Yield the files in a folder and the folders in it, sorted, but for hidden ones and for the folder `without`."""

    def refuse(error: OSError) -> None:
        raise DataError(f"{error.filename}: cannot be read ({error.strerror}); a folder of pictures was expected")

    for path, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and Path(path, name) != without)
        yield from (Path(path, name) for name in sorted(files) if not name.startswith("."))


def _jobs(sources: Sequence[tuple[Path, Path]], out: Path, format_: Format, compare: bool) -> tuple[Job, ...]:
    def result(name: Path) -> Path:
        suffix = SUFFIXES.get(format_, ".png")
        known = name.suffix.lower() in FORMATS
        return name if known and format_ == "auto" else name.with_name((name.stem if known else name.name) + suffix)

    counts = Counter(str(result(name)).casefold() for _, name in sources)
    names = []
    for source, name in sources:
        shown = result(name)
        if counts[str(shown).casefold()] > 1:
            shown = name.with_name(name.name + shown.suffix)
        names.append((source, name, out / shown))
    stems = Counter(str(target.with_suffix("")).casefold() for _, _, target in names)
    jobs = []
    for source, name, target in names:
        clear = stems[str(target.with_suffix("")).casefold()] == 1
        compared = target.with_name((target.stem if clear else target.name) + COMPARED)
        jobs.append(Job(source, target, compared if compare else None, name.as_posix()))
    return tuple(jobs)


def _check_targets(jobs: Sequence[Job], overwrite: bool) -> None:
    taken = {Path(os.path.realpath(job.source)): job.source for job in jobs}
    made: dict[str, Path] = {}
    there = []
    for job in jobs:
        for target in filter(None, (job.target, job.compare)):
            if (source := taken.get(Path(os.path.realpath(target)))) is not None:
                raise DataError(f"{target}: would replace the input {source}; choose another folder (--out)")
            if (other := made.setdefault(str(target).casefold(), job.source)) != job.source:
                raise OptionError(f"{target}: would be written for {other} and for {job.source}; rename one of them")
            if target.exists():
                there.append(target)
    if there and not overwrite:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise DataError(f"{there[0]}{more}: exists already; choose another folder (--out), or replace it (--overwrite)")
