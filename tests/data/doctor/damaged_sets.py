"""Copies of a face set, changed and sealed anew."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from priorsr.data import FaceSet
from priorsr.data.doctor import Examination
from priorsr.data.reduction import reduce


def make_lr(folder: Path, kernel: str = "pil-bicubic", scale: int = 4, quality: int | None = None) -> Path:
    """LR images of every face in lr/, through JPEG if asked for, and saved as PNG."""
    faces = FaceSet.open(folder)
    (folder / "lr").mkdir(exist_ok=True)
    for split in faces.splits:
        for face in faces.ids(split):
            lr = reduce(faces.image(face), scale, kernel)
            if quality is not None:
                lr = through_jpeg(lr, quality)
            Image.fromarray(lr).save(folder / f"lr/{face}.png")
    return folder / "lr"


def through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def checks(report: Examination) -> set[str]:
    return {finding.check for finding in report.findings}
