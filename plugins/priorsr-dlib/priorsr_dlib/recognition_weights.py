"""Read the weights of dlib's face recognition network from dlib's file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from priorsr.errors import DataError

_LAYER = re.compile(rb"\x01[\x04\x05\x07](con_4|affine_|fc_2)")  # the length of a layer's name, and the name


class LayerWeights(NamedTuple):
    """The weights of a layer. kind: "con_4" (filters, then biases), "affine_" (gammas, then betas) or "fc_2"."""

    kind: str
    values: np.ndarray


def read_layers(path: Path) -> list[LayerWeights]:
    """Return the layers with weights of a network that dlib saved, from input to output, each as (n,) float32.

    Raises DataError naming a file with other content.
    """
    try:
        content = path.read_bytes()
        return list(_layers(content))
    except (OSError, ValueError, IndexError) as error:
        raise DataError(f"{path}: cannot be read as a network of dlib ({error})") from error


def _layers(content: bytes) -> Iterator[LayerWeights]:
    place = 0
    while found := _LAYER.search(content, place):
        kind, place = found[1].decode(), found.end()
        if kind == "fc_2":  # preceded by its sizes
            for _ in range(2):
                _, place = _integer(content, place)
        version, place = _integer(content, place)
        if version != 2:
            raise ValueError(f"a tensor of version {version}; 2 was expected")
        count = 1
        for _ in range(4):  # samples, channels, rows, columns
            size, place = _integer(content, place)
            count *= size
        yield LayerWeights(kind, np.frombuffer(content, "<f4", count, place))
        place += 4 * count


def _integer(content: bytes, place: int) -> tuple[int, int]:
    """Read an integer from 0 as dlib writes it (number of bytes, then these, lowest first), and the place after it."""
    end = place + 1 + content[place]
    return int.from_bytes(content[place + 1 : end], "little"), end
