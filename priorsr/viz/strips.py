"""Draw strips: several versions of the same faces side by side, with captions, as one picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from priorsr.errors import ShapeError
from priorsr.files import atomic_path

CELL = 192  # least width of a face in pixels
GAP = 6
INK, GREY, PAPER = "#1a1a1a", "#6b6b6b", "#ffffff"


def draw_strips(
    columns: Mapping[str, Sequence[Tensor]], notes: Mapping[str, Sequence[str]] | None = None, title: str = ""
) -> Image.Image:
    """Draw faces as rows, and their versions as columns under captions.

    columns: caption -> images (3,h,w), RGB, clamped to [0, 1] here; smaller ones are enlarged by repeating pixels to
        the size of the largest. notes: caption -> a line under each image of that column, such as a score.
    Raises ShapeError if the columns differ in length, or the largest size is no multiple of another.
    """
    notes = notes or {}
    counts = {caption: len(images) for caption, images in columns.items()}
    if len({*counts.values(), *(len(lines) for lines in notes.values())}) != 1:
        raise ShapeError(f"a strip's columns have {counts} images; as many in each, and as many notes, were expected")
    largest = max((image.shape[-2:] for images in columns.values() for image in images), key=max)
    height, width = (-(-CELL // max(largest)) * side for side in largest)
    heading, note = ImageFont.load_default(max(14, width // 12)), ImageFont.load_default(max(12, width // 15))
    top = GAP + (_height(heading) + GAP if title else 0) + _height(heading) + GAP
    below = _height(note) + 2 * GAP if notes else GAP
    rows = next(iter(counts.values()))
    across = max(GAP + len(columns) * (width + GAP), 2 * GAP + math.ceil(heading.getlength(title)))
    picture = Image.new("RGB", (across, top + rows * (height + below)), PAPER)
    draw = ImageDraw.Draw(picture)
    if title:
        draw.text((GAP, GAP), title, INK, heading)
    for column, (caption, images) in enumerate(columns.items()):
        left = GAP + column * (width + GAP)
        middle = left + width / 2
        draw.text((middle, top - GAP), caption, INK, heading, anchor="md")
        for row, image in enumerate(images):
            upper = top + row * (height + below)
            picture.paste(_cell(image, height, width), (left, upper))
            if caption in notes:
                draw.text((middle, upper + height + GAP // 2), notes[caption][row], GREY, note, anchor="ma")
    return picture


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write a picture as PNG, atomically."""
    with atomic_path(path) as beside:
        picture.save(beside, format="PNG")


def _cell(image: Tensor, height: int, width: int) -> Image.Image:
    rows, columns = image.shape[-2:]
    if height % rows or height * columns != width * rows:
        raise ShapeError(
            f"a strip shows an image of {rows} x {columns}; one that a whole number enlarges to {height} x {width} was "
            "expected"
        )
    pixels = (image.detach().float().cpu().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    return Image.fromarray(np.ascontiguousarray(pixels)).resize((width, height), Image.Resampling.NEAREST)


def _height(font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> int:
    return int(font.getbbox("Ag")[3])


def draw_enlargements(lr: Sequence[Tensor], bicubic: Sequence[Tensor], results: Sequence[Tensor]) -> Image.Image:
    """Draw faces as rows: LR image (3,h,w), bicubic enlargement and result (3,sh,sw), in [0, 1]."""
    return draw_strips({"LR": lr, "bicubic": bicubic, "result": results})
