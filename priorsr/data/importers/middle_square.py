"""Resize the middle square of faces to the size of a set."""

from __future__ import annotations

import numpy as np
from PIL import Image

from priorsr.data.landmarks_file import Points
from priorsr.data.writer import Pixels
from priorsr.errors import DataError


def how(size: int) -> str:
    """Return a manifest's description of the crop and resizing to `size`."""
    return f"the middle squares reduced to {size} x {size}, images by Pillow's Lanczos, maps by majority"


def check_reduces(pixels: np.ndarray, size: int, who: str) -> None:
    """Raise DataError, its message starting with `who`, for an image or map (H,W,...) smaller than `size`."""
    height, width = pixels.shape[:2]
    if min(height, width) < size:
        raise DataError(f"{who}: is {height} x {width}, too small for the size {size}; nothing is enlarged")


def fit(face: Pixels, size: int) -> Pixels:
    """Crop and resize a face, whose image and map have the same size, to `size` x `size`, landmarks included."""
    height, width = face.image.shape[:2]
    return face._replace(
        original_size=(height, width),
        image=square(face.image, size),
        parsing=None if face.parsing is None else square_map(face.parsing, size),
        landmarks=None if face.landmarks is None else _move(face.landmarks, face.image.shape, size),
    )


def square(image: np.ndarray, size: int) -> np.ndarray:
    """Return the middle square of an image, resized by Pillow's Lanczos."""
    window, side = _middle(image.shape)
    if side == size:
        return image[window]
    return np.asarray(Image.fromarray(image[window]).resize((size, size), Image.Resampling.LANCZOS))


def square_map(parsing: np.ndarray, size: int) -> np.ndarray:
    """Return the middle square of a parsing map, resized by the majority in each new pixel's area (a tie: the lower
    class).
    """
    window, side = _middle(parsing.shape)
    if side == size:
        return parsing[window]
    classes = np.unique(parsing[window])
    masks = [Image.fromarray((parsing[window] == index).astype(np.float32)) for index in classes]
    shares = [np.asarray(mask.resize((size, size), Image.Resampling.BOX)) for mask in masks]
    return classes[np.argmax(shares, axis=0)]


def _move(landmarks: Points, shape: tuple[int, ...], size: int) -> Points:
    points, valid = landmarks
    window, side = _middle(shape)
    corner = np.array([window[1].start, window[0].start])
    moved = (points - corner + 0.5) * (size / side) - 0.5
    return np.where(valid[:, None], moved, 0).astype(np.float32), valid


def _middle(shape: tuple[int, ...]) -> tuple[tuple[slice, slice], int]:
    """Return the rows and columns of the middle square, and its side."""
    side = min(shape[:2])
    rows, columns = (slice((length - side) // 2, (length - side) // 2 + side) for length in shape[:2])
    return (rows, columns), side
