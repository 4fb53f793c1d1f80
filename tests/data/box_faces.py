"""Faces of random pixels, for sets that tests write and change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from priorsr.data import About, Face, Pixels, Provenance

ABOUT = About(name="boxes", source="a test", licence="none")


HAND = Provenance(tool="hand", version="1")


def pixels(index: int) -> Pixels:
    return Pixels(np.random.default_rng(index).integers(0, 256, (8, 8, 3), dtype=np.uint8))


def faces(count: int = 4, make: Callable[[int], Pixels] = pixels, key: str = "") -> list[Face]:
    """Faces f0, f1, ..., of which the last is val."""

    def face(index: int) -> Face:
        return Face(f"f{index}", "train" if index < count - 1 else "val", f"{key}{index}", lambda: make(index))

    return [face(index) for index in range(count)]
