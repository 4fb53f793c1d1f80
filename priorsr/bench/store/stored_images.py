"""SR, HR and LR images of a benchmark: as PNG files, as arrays on disk, and as hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from priorsr.data.decoding import decode
from priorsr.errors import DataError
from priorsr.files import atomic_path
from priorsr.metrics import to_8bit
from priorsr.reading.content import check_file

MOST_BYTES = 2**30


def save_images(images: Tensor, ids: Sequence[str], folder: Path) -> None:
    """Save images (B,3,H,W) in [0, 1] as FOLDER/ID.png, 8-bit RGB, each whole or not at all."""
    for pixels, name in zip(to_pixels(images), ids, strict=True):
        with atomic_path(folder / f"{name}.png") as beside:
            Image.fromarray(pixels).save(beside, format="png")


def save_arrays(images: Tensor, ids: Sequence[str], folder: Path) -> None:
    """Save images (B,3,H,W) as they are as FOLDER/ID.npy, float32 (3,H,W), each whole or not at all."""
    for values, name in zip(_values(images), ids, strict=True):
        with atomic_path(folder / f"{name}.npy") as beside, open(beside, "wb") as file:
            np.save(file, values)


def load_images(ids: Sequence[str], folder: Path) -> Tensor:
    """Return the saved images of faces, (B,3,H,W) in [0, 1]; raises DataError as `load_image`, and for two sizes."""
    return _stacked(load_image, [folder / f"{face}.png" for face in ids]).permute(0, 3, 1, 2).float() / 255


def load_image(path: Path) -> np.ndarray:
    """Return the pixels (H,W,3) of a saved image; raises DataError as `decode`, and for other modes than RGB."""
    image = decode(path).image
    if image.mode != "RGB":
        raise DataError(f"{path}: is of mode {image.mode}; 8-bit RGB was expected")
    return np.asarray(image)


def load_arrays(ids: Sequence[str], folder: Path) -> Tensor:
    """Return the saved arrays of faces, (B,3,H,W) as they were; raises DataError as `load_array`, and for two sizes."""
    return _stacked(load_array, [folder / f"{face}.npy" for face in ids])


def load_array(path: Path) -> np.ndarray:
    """Return the values (3,H,W) of a saved array; raises DataError if it cannot be read, or is of another type."""
    check_file(path, "an array of an image", MOST_BYTES)
    try:
        values = np.load(path, allow_pickle=False, mmap_mode="r")  # compares the header with the file's size
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read as an array ({error})") from error
    if not isinstance(values, np.ndarray) or values.dtype != np.float32 or values.ndim != 3:
        raise DataError(f"{path}: holds no float32 array (3,H,W), as saved images do")
    return np.array(values)


def check_image(path: Path, expected: str, of: str) -> None:
    """Raise DataError unless a saved image, PNG or array, is the one of a hash that `of` holds."""
    if path.suffix == ".npy":
        (found,) = pixel_hashes(torch.from_numpy(load_array(path))[None])
    else:
        found = pixel_hash(load_image(path))
    if found != expected:
        raise DataError(
            f"{path}: is another image than that of {of} (its hash is {found}; {expected} was expected); run the "
            "benchmark again (rerun=True)"
        )


def _stacked(load: Callable[[Path], np.ndarray], paths: Sequence[Path]) -> Tensor:
    images = [load(path) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if image.shape != images[0].shape:
            raise DataError(f"{path}: is of shape {image.shape}; {images[0].shape}, as {paths[0]}, was expected")
    return torch.from_numpy(np.stack(images))


def to_pixels(images: Tensor) -> np.ndarray:
    """Return images (B,3,H,W) in [0, 1] as 8-bit pixels (B,H,W,3), clamped and rounded."""
    return np.ascontiguousarray(to_8bit(images).permute(0, 2, 3, 1).cpu().numpy())


def pixel_hash(pixels: np.ndarray) -> str:
    """Return the first 16 hex digits of the SHA-256 of an image's shape, type and values in C order."""
    little = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    digest = hashlib.sha256(f"{'x'.join(map(str, little.shape))}|{little.dtype.name}|".encode())
    digest.update(little.tobytes())
    return digest.hexdigest()[:16]


def pixel_hashes(images: Tensor) -> list[str]:
    """Return the `pixel_hash` of each of the images (B,3,H,W) in [0, 1] as 8-bit pixels (H,W,3)."""
    return [pixel_hash(pixels) for pixels in to_pixels(images)]


def array_hashes(images: Tensor) -> list[str]:
    """Return the `pixel_hash` of each of the images (B,3,H,W) as they are, float32."""
    return [pixel_hash(values) for values in _values(images)]


def _values(images: Tensor) -> np.ndarray:
    return np.ascontiguousarray(images.detach().float().cpu().numpy())
