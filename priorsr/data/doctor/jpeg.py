"""Find traces of JPEG in pixels, also if they were saved as PNG afterwards."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from PIL import Image

QUALITIES = range(30, 99)
LEAST_STEP = 3  # a finer quantisation is lost when colours are rounded to 8 bits
LEAST_COEFFICIENTS = 16
CERTAIN = 6.0  # standard errors; in 400 clean LR faces the largest was 3.9, in JPEG-made ones the median 11 and more


def jpeg_quality(image: np.ndarray) -> int | None:
    """Return the quality that an RGB image (H,W,3) uint8 was once saved with as JPEG, or None if nothing shows one.

    In an image that went through JPEG, the DCT coefficients of its 8 x 8 blocks lie on multiples of the quantisation
    steps; elsewhere they lie anywhere between them. For each quality of libjpeg (30 to 98) the distance to the nearest
    multiple is averaged over the coefficients that are not rounded to zero: near 0 for the right one, and 1/4 for an
    image that never was a JPEG. Blocks are looked for at the image's corner only, so a crop hides its past.
    """
    rows, columns = (side // 8 for side in image.shape[:2])
    if not rows or not columns:
        return None
    luma = image[: rows * 8, : columns * 8] @ np.array([0.299, 0.587, 0.114]) - 128
    blocks = luma.reshape(rows, 8, columns, 8).swapaxes(1, 2).reshape(-1, 8, 8)
    steps = _steps()[:, None]  # (Q,1,8,8)
    multiples = _dct() @ blocks @ _dct().T / steps  # (Q,N,8,8)
    nearest = np.rint(multiples)
    counts = (nearest != 0) & (steps >= LEAST_STEP)
    counts[..., 0, 0] = False  # a block's mean carries no trace
    total = counts.sum((1, 2, 3))
    distance = (np.abs(multiples - nearest) * counts).sum((1, 2, 3)) / total.clip(min=1)
    certainty = np.where(total < LEAST_COEFFICIENTS, 0, (0.25 - distance) * np.sqrt(48 * total))  # variance 1/48
    best = int(np.argmax(certainty))
    return QUALITIES[best] if certainty[best] > CERTAIN else None


@cache
def _dct() -> np.ndarray:
    """Return the 8 x 8 matrix of JPEG's cosine transform."""
    k = np.arange(8)
    matrix = np.cos((2 * k + 1) * k[:, None] * np.pi / 16) / 2
    matrix[0] /= np.sqrt(2)
    return matrix


@cache
def _steps() -> np.ndarray:
    """Return libjpeg's quantisation steps of luma for every quality, (Q,8,8)."""
    tables = []
    for quality in QUALITIES:
        file = io.BytesIO()
        Image.new("L", (8, 8)).save(file, "JPEG", quality=quality)
        tables.append(Image.open(file).quantization[0])  # type: ignore[attr-defined]
    return np.array(tables, dtype=float).reshape(-1, 8, 8)
