"""Landmark heatmaps, drawn or reduced, in plain torch, which defines them; differentiable however often."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.errors import OptionError, ShapeError
from priorsr.kernels.dispatch import exporting
from priorsr.shapes import check_map

ROOM = 2**20  # distances computed at once: they stay in a CPU's cache


def landmark_heatmap(
    landmarks: Tensor, valid: Tensor | None, size: tuple[int, int], scale: float, sigma: float = 1.0
) -> Tensor:
    """Compute `priorsr.kernels.landmark_heatmap` of checked arguments in plain torch."""
    rows, columns = _profiles(landmarks, valid, size, scale, sigma)
    return rows * columns


def landmark_heatmap_max(
    landmarks: Tensor, valid: Tensor | None, size: tuple[int, int], scale: float, sigma: float = 1.0
) -> Tensor:
    """Compute `priorsr.kernels.landmark_heatmap_max` of checked arguments in plain torch."""
    known, centres = _centres(landmarks, valid, scale)
    if not known.shape[1]:
        return centres.sum((1, 2))[:, None, None, None].expand(-1, 1, *size)  # sums of nothing
    if exporting() or (torch.is_grad_enabled() and centres.requires_grad):
        distance = _distance_to(_nearest(centres.detach(), known, size), centres)
    else:
        images = max(1, ROOM // (16 * size[0] * size[1]))  # 16 landmarks at a time are worth the passes between them
        blocks = zip(centres.split(images), known.split(images), strict=True)
        distance = torch.cat([_least_distance(some, theirs, size) for some, theirs in blocks])
    return (torch.exp(distance / (-2 * sigma**2)) * known.any(1)[:, None, None])[:, None]


def landmark_heatmap_mse(
    predictions: Tensor,
    landmarks: Tensor,
    valid: Tensor | None,
    scale: float,
    sigma: float = 1.0,
    peak_weight: float = 0.0,
) -> Tensor:
    """Compute `priorsr.kernels.landmark_heatmap_mse` of checked arguments in plain torch."""
    rows, columns = _profiles(landmarks, valid, (predictions.shape[2], predictions.shape[3]), scale, sigma)
    predictions = predictions.to(torch.promote_types(predictions.dtype, rows.dtype))
    difference = torch.addcmul(predictions, rows, columns, value=-1)  # the targets themselves are never stored
    squared = difference.square()
    errors = squared.mean((2, 3))
    if peak_weight:
        at_peaks = ((squared * columns).sum(3, keepdim=True) * rows).mean((2, 3)) / columns.shape[3]
        errors = errors + peak_weight * at_peaks
    return errors


def check_landmarks(landmarks: Tensor, valid: Tensor | None, scale: float, sigma: float) -> None:
    """Raise ShapeError or OptionError unless heatmaps can be drawn of these landmarks."""
    if landmarks.ndim != 3 or landmarks.shape[2] != 2:
        raise ShapeError(f"the landmarks have shape {tuple(landmarks.shape)}; (B, L, 2) was expected")
    if valid is not None and valid.shape != landmarks.shape[:2]:
        raise ShapeError(
            f"`valid` has shape {tuple(valid.shape)}; {tuple(landmarks.shape[:2])} was expected, a value a landmark"
        )
    if valid is not None and valid.dtype != torch.bool:
        raise OptionError(f"`valid` has dtype {valid.dtype}; torch.bool was expected")
    if not (sigma > 0 and scale > 0):
        raise OptionError(f"heatmaps were asked for with sigma={sigma} and scale={scale}; both must be positive")


def check_size(size: tuple[int, int]) -> None:
    """Raise OptionError for a heatmap size below 1 pixel."""
    if min(size) < 1:
        raise OptionError(f"heatmaps of {size[0]} x {size[1]} were asked for; at least a pixel was expected")


def check_predictions(
    predictions: Tensor, landmarks: Tensor, valid: Tensor | None, scale: float, sigma: float, peak_weight: float
) -> None:
    """Raise ShapeError or OptionError unless predictions can be compared with heatmaps of these landmarks."""
    check_landmarks(landmarks, valid, scale, sigma)
    check_map(predictions, None, "heatmap MSE", "predictions")
    if predictions.shape[:2] != landmarks.shape[:2] or 0 in predictions.shape[2:]:
        raise ShapeError(
            f"heatmap MSE: the predictions have shape {tuple(predictions.shape)}; {tuple(landmarks.shape[:2])} and at "
            "least a pixel, a map a landmark, were expected"
        )
    if not peak_weight >= 0:
        raise OptionError(f"heatmap MSE: peak_weight is {peak_weight}; 0 or more was expected")


def _centres(landmarks: Tensor, valid: Tensor | None, scale: float) -> tuple[Tensor, Tensor]:
    """Return the landmarks' validity (B,L) and positions in heatmap pixels (B,L,2), float32 at least."""
    known = torch.ones_like(landmarks[..., 0], dtype=torch.bool) if valid is None else valid
    wide = landmarks.to(torch.promote_types(landmarks.dtype, torch.float32))
    return known, torch.where(known[..., None], wide / scale, 0.0)  # a NaN would spoil the others' gradient


def _profiles(
    landmarks: Tensor, valid: Tensor | None, size: tuple[int, int], scale: float, sigma: float
) -> tuple[Tensor, Tensor]:
    """Return the factors (B,L,h,1) and (B,L,1,w) of the Gaussians; zeros for a landmark that is not valid."""
    known, centres = _centres(landmarks, valid, scale)
    rows, columns = (
        torch.exp((torch.arange(side, device=centres.device) - centre[..., None]) ** 2 / (-2 * sigma**2))
        for side, centre in zip(size, (centres[..., 1], centres[..., 0]), strict=True)
    )
    rows = rows * known[..., None]
    return rows[..., :, None], columns[..., None, :]


def _squared_distances(centres: Tensor, known: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return squared distances of each landmark to rows (B,L,h), infinite if not valid, and to columns (B,L,w)."""
    rows, columns = (
        (torch.arange(side, device=centres.device) - centre[..., None]) ** 2
        for side, centre in zip(size, (centres[..., 1], centres[..., 0]), strict=True)
    )
    return rows.masked_fill(~known[..., None], torch.inf), columns


def _least_distance(centres: Tensor, known: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the squared distance from each pixel (B,h,w) to its nearest valid landmark, ROOM values at a time."""
    rows, columns = _squared_distances(centres, known, size)
    some = max(1, ROOM // max(1, len(known) * size[0] * size[1]))
    least = torch.full((len(known), *size), torch.inf, dtype=centres.dtype, device=centres.device)
    for row, column in zip(rows.split(some, 1), columns.split(some, 1), strict=True):
        least = torch.minimum(least, (row[..., None] + column[:, :, None]).amin(1))
    return least


def _nearest(centres: Tensor, known: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the nearest valid landmark of each pixel (B,h,w), the first of several; one landmark at a time."""
    rows, columns = _squared_distances(centres, known, size)
    nearest = torch.zeros((len(known), *size), dtype=torch.int64, device=centres.device)
    least = torch.full((len(known), *size), torch.inf, dtype=centres.dtype, device=centres.device)
    for n, (row, column) in enumerate(zip(rows.unbind(1), columns.unbind(1), strict=True)):
        distance = row[:, :, None] + column[:, None, :]
        nearest.masked_fill_(distance < least, n)
        torch.minimum(least, distance, out=least)
    return nearest


def _distance_to(nearest: Tensor, centres: Tensor) -> Tensor:
    """Return the squared distance from each pixel (B,h,w) to its landmark in `nearest`; differentiable."""
    batch, *size = nearest.shape
    taken = centres.gather(1, nearest.flatten(1)[..., None].expand(-1, -1, 2)).view(batch, *size, 2)
    row, column = (torch.arange(side, device=centres.device) for side in size)
    return (row[:, None] - taken[..., 1]) ** 2 + (column - taken[..., 0]) ** 2
