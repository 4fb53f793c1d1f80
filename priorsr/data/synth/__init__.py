"""Synthetic faces: painted from signed distance functions, with exact parsing maps and landmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from priorsr.data.synth.casting import cast
from priorsr.data.synth.dice import Dice, roll
from priorsr.data.synth.render import render
from priorsr.data.synth.traits import to_device
from priorsr.errors import PriorsrError
from priorsr.execution.parallel import one_thread_each

__all__ = ["SyntheticFaces", "draw_faces"]


class SyntheticFaces(NamedTuple):
    """N drawn faces.

    images: (N,3,size,size) uint8 RGB.
    parsing: (N,size,size) uint8, classes of the label map `celebamask-19`; the foremost part counts.
    landmarks: (N,68,2) float32 of the scheme `ibug-68`, (x, y) in pixels, integers at pixel centres, including points
        hidden by hair, glasses or a hat.
    """

    images: Tensor
    parsing: Tensor
    landmarks: Tensor


def draw_faces(
    seed: int, first: int, count: int, *, size: int = 128, device: str | torch.device = "cpu"
) -> SyntheticFaces:
    """Draw faces first .. first + count - 1 of a seed, `size` pixels square, framed like CelebA's aligned
    faces.

    A face depends on its seed and index only, not on the other faces or the number of threads; another kind of device
    may round single values differently. On a CPU each of torch's threads draws whole faces.
    Raises PriorsrError if seed, first or count is negative, or size below 16.
    """
    for name, value, least in (("seed", seed, 0), ("first", first, 0), ("count", count, 0), ("size", size, 16)):
        if not least <= value < 2**63:
            raise PriorsrError(f"{name} of the synthetic faces is {value}; {least} or more, below 2**63, was expected")
    device = torch.device(device)
    # Groups begin at fixed indices, so that rounding does not depend on `first` and `count`.
    group, run = (1, one_thread_each) if device.type == "cpu" else (32, _in_turn)
    start = first - first % group
    groups = [range(k, k + group) for k in range(start, first + count, group)]
    drawn = [_nothing(size, device), *run(partial(_draw_group, seed, size, device), groups)]
    wanted = slice(first - start, first - start + count)
    return SyntheticFaces(*(torch.cat(parts)[wanted].contiguous() for parts in zip(*drawn, strict=True)))


@torch.no_grad()
def _draw_group(seed: int, size: int, device: torch.device, indices: range) -> SyntheticFaces:
    rolls, tables = roll(seed, indices)
    return SyntheticFaces(*render(to_device(cast(Dice(rolls)), device), tables.to(device), size))


def _nothing(size: int, device: torch.device) -> SyntheticFaces:
    images = torch.empty(0, 3, size, size, dtype=torch.uint8, device=device)
    return SyntheticFaces(images, images[:, 0], torch.empty(0, 68, 2, device=device))


def _in_turn(draw: Callable[[range], SyntheticFaces], groups: Sequence[range]) -> list[SyntheticFaces]:
    return [draw(group) for group in groups]
