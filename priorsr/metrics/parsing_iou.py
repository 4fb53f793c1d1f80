"""Intersection over union of parsing maps, class by class."""

from __future__ import annotations

import torch
from torch import Tensor

from priorsr.errors import ShapeError


def parsing_iou(prediction: Tensor, target: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Count the pixels of each class's intersection and union in two parsing maps.

    prediction, target: class probabilities (B,P,H,W), of which the largest is taken, or class indices (B,H,W) of an
    integer type -> intersection (P,) and union (P,), int64, summed over the batch, P = `classes`. To score several
    batches, add their counts before `class_iou` or `mean_iou`, since the mean IoU over faces is a different number.

    Raises ShapeError for maps of different sizes, another number of classes, or an index that is no class.
    """
    labels, wanted = _labels(prediction, target, classes)
    both = labels[labels == wanted]
    intersection, ours, theirs = (torch.bincount(x.flatten(), minlength=classes) for x in (both, labels, wanted))
    return intersection, ours + theirs - intersection


def class_iou(intersection: Tensor, union: Tensor) -> Tensor:
    """Return the IoU of each class from `parsing_iou`'s sums, (P,) float64 in [0, 1]; NaN where no map has it."""
    return intersection.double() / union  # 0 / 0 is NaN


def mean_iou(intersection: Tensor, union: Tensor) -> float:
    """Return the unweighted mean IoU over the classes that occur in at least one of the maps."""
    return class_iou(intersection, union).nanmean().item()


def face_iou(prediction: Tensor, target: Tensor, classes: int) -> Tensor:
    """Return the mean IoU of each face, (B,) float64, over the classes in either of its maps; see `parsing_iou`."""
    every = torch.arange(classes, device=target.device)[:, None, None]
    ours, theirs = (labels[:, None] == every for labels in _labels(prediction, target, classes))  # (B,P,H,W)
    intersection, union = (pixels.sum((2, 3)) for pixels in (ours & theirs, ours | theirs))
    return (intersection.double() / union).nanmean(1)


def region_iou(prediction: Tensor, target: Tensor) -> Tensor:
    """Return the IoU of two regions (B,H,W) bool, (B,) float64; 1 if both are empty."""
    intersection, union = ((prediction & target).sum((1, 2)), (prediction | target).sum((1, 2)))
    return torch.where(union > 0, intersection.double() / union, 1.0)


def _labels(prediction: Tensor, target: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Return the class indices (B,H,W) int64 of both maps, of the same shape."""
    labels, wanted = _indices(prediction, classes), _indices(target, classes)
    if labels.shape != wanted.shape:
        raise ShapeError(
            f"parsing IoU: the maps have shapes {tuple(labels.shape)} and {tuple(wanted.shape)}; the same was expected"
        )
    return labels, wanted


def _indices(parsing: Tensor, classes: int) -> Tensor:
    """Return the class indices (B,H,W) int64 of a parsing map in either form."""
    if parsing.ndim == 4 and parsing.is_floating_point():
        if parsing.shape[1] != classes:
            raise ShapeError(f"parsing IoU: the map has {parsing.shape[1]} classes; {classes} were expected")
        return parsing.argmax(1)
    if parsing.ndim != 3 or parsing.is_floating_point():
        raise ShapeError(
            f"parsing IoU: the map is {parsing.dtype} of shape {tuple(parsing.shape)}; probabilities (B, P, H, W) or "
            "class indices (B, H, W) were expected"
        )
    if parsing.numel() and not 0 <= parsing.min() <= parsing.max() < classes:
        wrong = int(parsing.min() if parsing.min() < 0 else parsing.max())
        raise ShapeError(f"parsing IoU: the map has the class {wrong}; 0 to {classes - 1} were expected")
    return parsing.long()
