"""The values that components exchange: a face's prior, a model's output, a training batch.

All are NamedTuples, which torch.compile, collation and Accelerate handle.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils import _pytree


class Prior(NamedTuple):
    """The prior of a batch of faces: information beyond the LR images. Each part may be absent.

    parsing: (B,P,H,W) class probabilities. The number of classes names the label map: 19 is `celebamask-19`, 11 is
        `helen-11` (see `priorsr.priors.LABEL_MAPS`); convert any other order before it enters a Prior.
    landmarks: (B,L,2) float32, always, (x, y) in HR pixels, an integer is a pixel's centre. The number of points names
        the scheme: 68 is `ibug-68`, 194 is `helen-194` (see `priorsr.priors.LANDMARK_SCHEMES`).
    valid: (B,L) bool, which landmarks are known.
    heatmaps: (B,L,h,w), one map for each landmark.
    """

    parsing: Tensor | None = None
    landmarks: Tensor | None = None
    valid: Tensor | None = None
    heatmaps: Tensor | None = None

    def to(self, device: torch.device | str) -> Prior:
        """Return the prior with all its parts on a device."""
        return Prior(*(None if part is None else part.to(device) for part in self))


class SROutput(NamedTuple):
    """The output of a model.

    sr: (B,3,sH,sW), RGB in [0, 1] up to overshoot: not clamped.
    stages: the images of the steps, first to last, for models that have several; the last one is `sr`.
    features: the features that distillation compares, on request only (`with_features=True`).
    heatmaps: (B,L,h,w) for each step, for models that estimate landmarks on their way.
    """

    sr: Tensor
    stages: tuple[Tensor, ...] = ()
    features: tuple[Tensor, ...] = ()
    heatmaps: tuple[Tensor, ...] = ()


class Batch(NamedTuple):
    """Faces to train or score on. hr (B,3,H,W) and lr (B,3,h,w): RGB in [0, 1]; ids: the faces' names in their set."""

    lr: Tensor
    hr: Tensor
    prior: Prior
    ids: tuple[str, ...]


# torch.export saves only the NamedTuples that are known by name.
for _type in (Prior, SROutput, Batch):
    _pytree._register_namedtuple(_type, serialized_type_name=f"priorsr.types.{_type.__name__}")
