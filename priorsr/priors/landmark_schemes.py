"""Landmark schemes: the meaning of each point, and DIC's grouping into facial components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from priorsr.errors import UnknownNameError, did_you_mean
from priorsr.kernels import LANDMARK_GROUPS


@dataclass(frozen=True)
class LandmarkScheme:
    """The points of a face, in order.

    flip: the point of each point in a mirrored image; empty if unknown.
    groups: DIC's five components, in its order, with left and right as in the image, as in DIC's code.
    """

    name: str
    count: int
    flip: tuple[int, ...]
    groups: Mapping[str, tuple[int, ...]]


_IBUG_FLIP = (
    *range(16, -1, -1),  # jaw
    *range(26, 16, -1),  # brows
    *range(27, 31),  # bridge of the nose
    *range(35, 30, -1),  # base of the nose
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),  # eyes
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),  # outer lips
    *(64, 63, 62, 61, 60, 67, 66, 65),  # inner lips
)

LANDMARK_SCHEMES: Mapping[str, LandmarkScheme] = {
    "ibug-68": LandmarkScheme(
        "ibug-68",
        68,
        _IBUG_FLIP,
        LANDMARK_GROUPS[68],
    ),
    # The first points of Helen's eyes and brows are not published, so points cannot be paired for a flip.
    "helen-194": LandmarkScheme(
        "helen-194",
        194,
        (),
        LANDMARK_GROUPS[194],
    ),
}


def landmark_scheme(which: str | int) -> LandmarkScheme:
    """Return the landmark scheme of that name, or with that number of points; raises UnknownNameError."""
    for known in LANDMARK_SCHEMES.values():
        if which in (known.name, known.count):
            return known
    if isinstance(which, int):
        counts = ", ".join(f"{name} has {known.count}" for name, known in LANDMARK_SCHEMES.items())
        raise UnknownNameError(f"there is no landmark scheme with {which} points; {counts}")
    raise UnknownNameError(f"there is no landmark scheme {which!r}; {did_you_mean(which, LANDMARK_SCHEMES)}")


def all_valid(landmarks: Tensor, valid: Tensor | None) -> Tensor:
    """Return which of the landmarks (B,L,2) are valid, (B,L) bool: all of them where `valid` is None."""
    return torch.ones_like(landmarks[..., 0], dtype=torch.bool) if valid is None else valid
