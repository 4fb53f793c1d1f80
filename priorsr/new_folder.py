"""A new folder that is written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from priorsr.errors import DataError
from priorsr.files import refusals_told


@contextmanager
def new_folder(folder: Path, option: str = "") -> Iterator[Path]:
    """Give a folder beside `folder` to write to; it takes the name `folder` when the block ends without an error.

    option: what names the new folder, for the message. Raises DataError if `folder` is there already.
    """
    if folder.exists() or folder.is_symlink():
        raise DataError(f"{folder}: exists already; choose another folder{option and f' ({option})'}")
    beside = folder.with_name(f".{folder.name}.part")
    with refusals_told(folder):
        try:
            shutil.rmtree(beside, ignore_errors=True)  # what a killed process left
            beside.mkdir(parents=True)
            yield beside
            beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def write_texts(folder: Path, texts: dict[str, str]) -> None:
    """Write texts as UTF-8 files, by their paths in a folder."""
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")
