"""Random numbers of faces: a stream for each (seed, index), so that no face depends on another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

ROLLS = 384
TABLES, TABLE_SIZE = 4, 64


def roll(seed: int, indices: range) -> tuple[Tensor, Tensor]:
    """Return uniform numbers (N,ROLLS) in [0, 1) and noise tables (N,TABLES,TABLE_SIZE,TABLE_SIZE) in [-1, 1)."""
    streams = [np.random.Generator(np.random.Philox(key=np.array([seed, index], dtype=np.uint64))) for index in indices]
    rolls = np.stack([stream.random(ROLLS, dtype=np.float32) for stream in streams])
    tables = np.stack([stream.random((TABLES, TABLE_SIZE, TABLE_SIZE), dtype=np.float32) for stream in streams])
    return torch.from_numpy(rolls), torch.from_numpy(tables) * 2 - 1


class Dice:
    """Distributes the random numbers (N,K) of N faces column by column, as values (N,1,1)."""

    def __init__(self, rolls: Tensor) -> None:
        self._columns = iter(rolls[:, :, None, None].unbind(1))

    def uniform(self, low: float | Tensor = 0.0, high: float | Tensor = 1.0) -> Tensor:
        """Return uniform values from low to high."""
        return low + (high - low) * next(self._columns)

    def bell(self, low: float | Tensor, high: float | Tensor) -> Tensor:
        """Return values from low to high, mostly near the middle."""
        return (self.uniform(low, high) + self.uniform(low, high) + self.uniform(low, high)) / 3

    def chance(self, probability: float | Tensor) -> Tensor:
        """Return 1 with this probability, else 0."""
        return (next(self._columns) < probability).float()

    def choose(self, weights: Sequence[float] | Tensor) -> Tensor:
        """Return indices (N,1,1) drawn by `weights` (K) or, per face, (N,K)."""
        shares = torch.as_tensor(weights, dtype=torch.float32)
        limits = shares.cumsum(-1) / shares.sum(-1, keepdim=True)
        return (next(self._columns)[:, :, 0] >= limits[..., :-1]).sum(1)[:, None, None]

    def pick(self, colours: Tensor, weights: Sequence[float] = ()) -> Tensor:
        """Return a colour for each face, (N,3,1,1), drawn from colours (K,3), by `weights` or with equal chances."""
        index = self.choose(weights or [1.0] * len(colours))
        return colours[index[:, 0, 0]][:, :, None, None]


def palette(colours: str) -> Tensor:
    """Return hexadecimal sRGB colours, separated by spaces, as linear light (K,3)."""
    return (torch.tensor([list(bytes.fromhex(colour)) for colour in colours.split()]) / 255) ** 2.2


def ramp(colours: Tensor, position: Tensor) -> Tensor:
    """Interpolate colours (N,3,1,1) in a palette (K,3), at positions (N,1,1) in [0, 1]."""
    place = position[:, 0, 0] * (len(colours) - 1)
    below = place.floor().long().clamp(0, len(colours) - 2)
    part = (place - below)[:, None]
    return torch.lerp(colours[below], colours[below + 1], part)[:, :, None, None]
