"""SR, HR and LR images of a benchmark as PNG files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from priorsr.files import atomic_path


def to_8bit(images: Tensor) -> Tensor:
    """Images in [0, 1] clamped and rounded to 8 bits: uint8 of the same shape."""
    return (images.clamp(0, 1) * 255).round().to(torch.uint8)


def save_images(images: Tensor, ids: Sequence[str], folder: Path) -> None:
    """Save images (B,3,H,W) in [0, 1] as FOLDER/ID.png, 8-bit RGB, each whole or not at all."""
    for image, name in zip(to_8bit(images).permute(0, 2, 3, 1).cpu().numpy(), ids, strict=True):
        with atomic_path(folder / f"{name}.png") as beside:
            Image.fromarray(image).save(beside, format="png")


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill; it takes the name `folder` when the block ends without an error, replacing what was there."""
    beside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)  # of a run that was killed
    beside.mkdir(parents=True)
    try:
        yield beside
        shutil.rmtree(folder, ignore_errors=True)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
