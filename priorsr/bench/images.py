"""SR, HR and LR images of a benchmark as PNG files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image
from torch import Tensor

from priorsr.errors import DataError
from priorsr.files import atomic_path
from priorsr.metrics import to_8bit


def save_images(images: Tensor, ids: Sequence[str], folder: Path) -> None:
    """Save images (B,3,H,W) in [0, 1] as FOLDER/ID.png, 8-bit RGB, each whole or not at all."""
    for image, name in zip(to_8bit(images).permute(0, 2, 3, 1).cpu().numpy(), ids, strict=True):
        with atomic_path(folder / f"{name}.png") as beside:
            Image.fromarray(image).save(beside, format="png")


@contextmanager
def whole_folder(folder: Path, count: int) -> Iterator[Path]:
    """A folder to fill with `count` images; it takes the name `folder` when the block ends without an error.

    It replaces what was there. Several processes may do so at once: the folder is one's or another's, and whole.
    Raises DataError if it does not hold `count` files.
    """
    beside, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{end}") for end in ("part", "old"))
    for left in (beside, old):  # of a killed process that had the same id
        shutil.rmtree(left, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
        found = sum(1 for _ in beside.iterdir())
        if found != count:
            raise DataError(f"{folder}: {found} images were written to it, and {count} were expected")
        with suppress(FileNotFoundError):
            folder.rename(old)
        try:
            beside.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
            # Another process was faster; its images, of the same model and faces, are kept.
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
