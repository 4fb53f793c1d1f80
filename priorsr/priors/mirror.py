"""Mirroring and rotation of priors along with their images."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.containers import Prior
from priorsr.errors import PriorsrError, ShapeError
from priorsr.priors.label_maps import label_map
from priorsr.priors.landmark_schemes import all_valid, landmark_scheme


def flip_prior(prior: Prior, width: int) -> Prior:
    """Mirror a prior horizontally, exchanging the classes, points and maps of the left and right side.

    width: width of the HR image, in pixels. Heatmaps are mirrored as images, which differs from drawing them anew: see
    `priorsr.kernels.landmark_heatmap`. Raises PriorsrError for landmarks whose scheme does not define the exchange of
    points (Helen's 194).
    """
    parsing, landmarks, valid, heatmaps = prior
    if parsing is not None:
        parsing = parsing.flip(-1)[:, list(label_map(parsing.shape[1]).flip)]
    if landmarks is not None:
        landmarks, valid = flip_landmarks(landmarks, all_valid(landmarks, valid), width)
    if heatmaps is not None:
        heatmaps = heatmaps.flip(-1)[:, _partners(heatmaps.shape[1])]
    return Prior(parsing, landmarks, valid, heatmaps)


def flip_landmarks(landmarks: Tensor, valid: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Return landmarks (B,L,2) and valid (B,L) in the mirrored image; points that are not valid are 0."""
    partners = _partners(landmarks.shape[1])
    x, y = landmarks[:, partners].unbind(-1)
    valid = valid[:, partners]
    return torch.where(valid[..., None], torch.stack([width - 1 - x, y], -1), 0.0), valid


def rotate_prior(prior: Prior, k: int, size: int) -> Prior:
    """Rotate the prior of a square image of `size` HR pixels by k quarter turns counter-clockwise, as torch.rot90 does.

    Classes and points keep their names, since left and right are the person's.
    """
    parsing, landmarks, valid, heatmaps = prior
    if landmarks is not None:
        landmarks, valid = rotate_landmarks(landmarks, all_valid(landmarks, valid), k, size)
    for maps in (parsing, heatmaps):
        if maps is not None and maps.shape[-1] != maps.shape[-2]:
            raise ShapeError(f"a map of shape {tuple(maps.shape)} cannot make quarter turns; a square one was expected")
    parsing, heatmaps = (None if maps is None else maps.rot90(k, (-2, -1)) for maps in (parsing, heatmaps))
    return Prior(parsing, landmarks, valid, heatmaps)


def rotate_landmarks(landmarks: Tensor, valid: Tensor, k: int, size: int) -> tuple[Tensor, Tensor]:
    """Return landmarks (B,L,2) and valid (B,L) in a square image of `size` after k quarter turns counter-clockwise."""
    for _ in range(k % 4):
        x, y = landmarks.unbind(-1)
        landmarks = torch.stack([y, size - 1 - x], -1)
    return torch.where(valid[..., None], landmarks, 0.0), valid


def _partners(count: int) -> list[int]:
    scheme = landmark_scheme(count)
    if not scheme.flip:
        raise PriorsrError(
            f"landmarks of {scheme.name} cannot be mirrored, since no source defines which points change places: "
            "turn them into ibug-68 first, with priorsr.priors.to_scheme"
        )
    return list(scheme.flip)
