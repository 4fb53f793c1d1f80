"""Normalised mean error of landmarks."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from priorsr.errors import OptionError, ShapeError
from priorsr.shapes import check_same

OUTER_CORNERS = (36, 45)  # outer corners of the eyes in ibug-68
Normaliser = Literal["inter-ocular", "size"]


def nme(
    landmarks: Tensor, target: Tensor, valid: Tensor | None = None, normaliser: Normaliser = "inter-ocular"
) -> Tensor:
    """Return the mean distance of landmarks from their targets, relative to the face: (B,) float64, 0 if equal.

    landmarks, target: (B,L,2) in the same pixels. valid: (B,L) bool, the points to count; None for all.
    normaliser: divisor of the distances, measured on the target. "inter-ocular": the distance between the outer eye
    corners (300-W: Sagonas et al., IVC 2016), for 68 points. "size": sqrt(width * height) of the box around the valid
    points (Bulat and Tzimiropoulos, ICCV 2017, who use all points).

    The result is NaN for a face without a valid point, with NaN in a valid point, or with an unknown normaliser or 0.
    Raises ShapeError and OptionError.
    """
    if landmarks.ndim != 3 or landmarks.shape[2] != 2:
        raise ShapeError(f"NME: the landmarks have shape {tuple(landmarks.shape)}; (B, L, 2) was expected")
    check_same(landmarks, target, "NME", "landmarks and target")
    if valid is None:
        valid = torch.ones(target.shape[:2], dtype=torch.bool, device=target.device)
    if valid.shape != target.shape[:2]:
        raise ShapeError(f"NME: valid has shape {tuple(valid.shape)}; {tuple(target.shape[:2])} was expected")
    landmarks, target = landmarks.double(), target.double()
    if normaliser == "inter-ocular":
        length = _inter_ocular(target, valid)
    elif normaliser == "size":
        length = _size(target, valid)
    else:
        raise OptionError(f"NME: the normaliser is {normaliser!r}; 'inter-ocular' or 'size' was expected")
    distances = torch.where(valid, (landmarks - target).norm(dim=-1), 0).sum(1) / valid.sum(1)
    return torch.where(length > 0, distances / length, torch.nan)


def _inter_ocular(target: Tensor, valid: Tensor) -> Tensor:
    if target.shape[1] != 68:
        raise ShapeError(f"NME: inter-ocular needs the 68 points of ibug-68, and {target.shape[1]} were given")
    left, right = OUTER_CORNERS
    distance = (target[:, left] - target[:, right]).norm(dim=-1)
    return torch.where(valid[:, left] & valid[:, right], distance, torch.nan)


def _size(target: Tensor, valid: Tensor) -> Tensor:
    known = valid[..., None]
    lowest, highest = target.where(known, torch.inf).amin(1), target.where(known, -torch.inf).amax(1)
    return (highest - lowest).clamp(min=0).prod(-1).sqrt()
