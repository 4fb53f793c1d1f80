"""The pixels of a split, decoded once: in memory, or, where they are many, in files that are mapped into memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np

from priorsr.data.face_set import FaceSet, image_path, parsing_path
from priorsr.data.parallel import parallel_map
from priorsr.data.reduction import reduce
from priorsr.errors import DataError
from priorsr.files import atomic_path
from priorsr.version import __version__

MEMORY_LIMIT = 2 * 1024**3  # bytes; larger splits go to the cache folder


def cache_folder() -> Path:
    """Where decoded splits are kept: PRIORSR_CACHE of the environment, or ~/.cache/priorsr. It may be deleted."""
    return Path(os.environ.get("PRIORSR_CACHE") or Path.home() / ".cache" / "priorsr")


_in_memory: WeakKeyDictionary[FaceSet, dict[str, np.ndarray]] = WeakKeyDictionary()


class Decoded:
    """The pixels of the faces of a split, uint8, in the order of their ids. Loaders of one `FaceSet` share them.

    hr: (N,3,H,W). lr: (N,3,H/scale,W/scale), see `priorsr.data.reduction`. parsing: (N,H,W) or None.
    Raises DataError naming the file if an image or a map is broken, changed since the set was made, or of another size.
    """

    def __init__(
        self, faces: FaceSet, split: str, *, size: int | None, reduction: str, scale: int, parsing: bool
    ) -> None:
        ids = faces.ids(split)
        height, width = (size, size) if size else faces.image(ids[0]).shape[:2]
        black = np.zeros((height, width, 3), dtype=np.uint8)
        lr_size = reduce(black, scale, reduction, face=ids[0]).shape[:2]
        large = len(ids) * (3 + parsing) * height * width > MEMORY_LIMIT

        def image(index: int) -> np.ndarray:
            pixels = faces.image(ids[index])
            _check_size(faces.path / image_path(ids[index]), pixels, (height, width))
            return pixels.transpose(2, 0, 1)

        def reduced(index: int) -> np.ndarray:
            hr = self.hr[index].transpose(1, 2, 0)
            return reduce(hr, scale, reduction, face=ids[index]).transpose(2, 0, 1)

        def labels(index: int) -> np.ndarray:
            pixels = faces.parsing(ids[index])
            assert pixels is not None, "asked for only where every face has a map"
            _check_size(faces.path / parsing_path(ids[index]), pixels, (height, width))
            return pixels

        def array(name: str, shape: tuple[int, ...], row: Callable[[int], np.ndarray]) -> np.ndarray:
            name = f"{split}-{name}-{'x'.join(map(str, shape))}"
            if large:
                return _mapped(cache_folder() / __version__ / faces.hash[:16] / f"{name}.npy", shape, row)
            kept = _in_memory.setdefault(faces, {})
            if name not in kept:
                kept[name] = _filled(np.empty(shape, dtype=np.uint8), name, row)
            return kept[name]

        self.hr = array("hr", (len(ids), 3, height, width), image)
        self.lr = array(f"lr-{reduction}", (len(ids), 3, *lr_size), reduced)
        self.parsing = array("parsing", (len(ids), height, width), labels) if parsing else None


def _check_size(path: Path, pixels: np.ndarray, expected: tuple[int, int]) -> None:
    if pixels.shape[:2] != expected:
        raise DataError(
            f"{path}: is {pixels.shape[0]} x {pixels.shape[1]}; {expected[0]} x {expected[1]} was expected "
            "(import the set with --size to bring all faces to one size)"
        )


def _mapped(path: Path, shape: tuple[int, ...], row: Callable[[int], np.ndarray]) -> np.ndarray:
    """The array in the file `path`, computed if it is not there yet, and read as it is used."""
    if not path.exists():
        with atomic_path(path) as beside:
            array: np.memmap = np.lib.format.open_memmap(beside, mode="w+", dtype=np.uint8, shape=shape)
            _filled(array, path.stem, row)
            array.flush()
    return np.load(path, mmap_mode="r")


def _filled(array: np.ndarray, name: str, row: Callable[[int], np.ndarray]) -> np.ndarray:
    """The array with its rows computed on all cores."""
    for index, pixels in enumerate(parallel_map(row, range(len(array)), f"Loading {name}")):
        array[index] = pixels
    return array
