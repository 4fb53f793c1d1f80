"""The pixels of a split: decoded once, in memory or (large splits) in files; or decoded on request."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from priorsr.data.face_set import FaceSet, image_path, parsing_path
from priorsr.data.reduction import Reduction
from priorsr.data.row_file import RowFile
from priorsr.errors import DataError
from priorsr.execution.parallel import parallel_map
from priorsr.files import home_folder
from priorsr.version import __version__

MEMORY_LIMIT = 2 * 1024**3  # bytes; larger splits go to the cache folder


def cache_folder() -> Path:
    """Return the folder of decoded splits: PRIORSR_CACHE of the environment, or ~/.cache/priorsr; it may be deleted."""
    given, home = os.environ.get("PRIORSR_CACHE"), home_folder()
    if given:
        return Path(given)
    if home is None:
        raise DataError("PRIORSR_CACHE is not set, and there is no home folder; a folder for the cache was expected")
    return home / ".cache" / "priorsr"


_in_memory: WeakKeyDictionary[FaceSet, dict[str, np.ndarray]] = WeakKeyDictionary()


class PixelArrays(NamedTuple):
    """Pixels of some faces, uint8: hr (B,3,H,W), lr (B,3,h,w), parsing (B,H,W) or None."""

    hr: np.ndarray
    lr: np.ndarray
    parsing: np.ndarray | None


class Streamed:
    """The pixels of the faces of a split, decoded when they are taken, and not kept; see `Decoded`."""

    def __init__(self, faces: FaceSet, split: str, *, reduction: Reduction, parsing: bool) -> None:
        self.faces, self.ids = faces, faces.ids(split)
        size = reduction.hr_size
        self.size = (size, size) if size else faces.image(self.ids[0]).shape[:2]
        self._reduction, self._parsing = reduction, parsing

    def take(self, places: Sequence[int]) -> PixelArrays:
        """Return the faces at these places."""
        hr = np.stack([self.image(place) for place in places])
        lr = np.stack([self.reduced(place, pixels) for place, pixels in zip(places, hr, strict=True)])
        return PixelArrays(hr, lr, np.stack([self.labels(place) for place in places]) if self._parsing else None)

    def image(self, index: int) -> np.ndarray:
        """Return HR, (3,H,W)."""
        pixels = self.faces.image(self.ids[index])
        _check_size(self.faces.path / image_path(self.ids[index]), pixels, self.size)
        return pixels.transpose(2, 0, 1)

    def reduced(self, index: int, hr: np.ndarray) -> np.ndarray:
        """Return LR (3,h,w) of an HR image (3,H,W)."""
        pixels = self._reduction.reduce(hr.transpose(1, 2, 0), face=self.ids[index])
        return pixels.transpose(2, 0, 1)

    def labels(self, index: int) -> np.ndarray:
        """Return the parsing map, (H,W)."""
        pixels = self.faces.parsing(self.ids[index])
        assert pixels is not None, "asked for only where every face has a map"
        _check_size(self.faces.path / parsing_path(self.ids[index]), pixels, self.size)
        return pixels


class Decoded:
    """The pixels of the faces of a split, uint8, in the order of their ids. Loaders of one `FaceSet` share them.

    hr: (N,3,H,W). lr: (N,3,H/scale,W/scale). parsing: (N,H,W) or None.
    Raises DataError naming the file if an image or a map is broken, changed since the set was made, or of another size.
    """

    def __init__(self, faces: FaceSet, split: str, *, reduction: Reduction, parsing: bool) -> None:
        read = Streamed(faces, split, reduction=reduction, parsing=parsing)
        count, self.size = len(read.ids), read.size
        lr_size = read.reduced(0, np.zeros((3, *self.size), dtype=np.uint8)).shape[1:]
        large = count * (3 + parsing) * math.prod(self.size) > MEMORY_LIMIT

        def array(name: str, shape: tuple[int, ...], row: Callable[[int], np.ndarray]) -> np.ndarray | RowFile:
            name = f"{split}-{name}-{'x'.join(map(str, shape))}"

            def rows() -> Iterator[np.ndarray]:
                return parallel_map(row, range(count), f"Loading {name}")

            if large:
                return RowFile(cache_folder() / __version__ / faces.hash[:16] / f"{name}.rows", shape, row, rows)
            kept = _in_memory.setdefault(faces, {})
            if name not in kept:
                filled = np.empty(shape, dtype=np.uint8)
                for place, pixels in enumerate(rows()):
                    filled[place] = pixels
                kept[name] = filled
            return kept[name]

        self.hr = array("hr", (count, 3, *self.size), read.image)
        lr_name = f"lr-{reduction.kernel}"
        self.lr = array(lr_name, (count, 3, *lr_size), lambda index: read.reduced(index, self.hr[index]))
        self.parsing = array("parsing", (count, *self.size), read.labels) if parsing else None

    def take(self, places: Sequence[int]) -> PixelArrays:
        """Return copies of the faces at these places."""
        return PixelArrays(self.hr[places], self.lr[places], None if self.parsing is None else self.parsing[places])


def _check_size(path: Path, pixels: np.ndarray, expected: tuple[int, ...]) -> None:
    if pixels.shape[:2] != expected:
        raise DataError(
            f"{path}: is {pixels.shape[0]} x {pixels.shape[1]}; {expected[0]} x {expected[1]} was expected "
            "(import the set with a size, which brings all faces to it)"
        )
