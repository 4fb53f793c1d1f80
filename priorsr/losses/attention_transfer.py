"""Distillation of spatial attention: where features are strong, not which features."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from priorsr.losses.distillation import StageDistillation


class AttentionTransfer(StageDistillation):
    """The mean over stages and images of ||q_s - q_t||^2, where q is a feature's attention map, scaled to unit length.

    An attention map is the sum of squares over the channels at each position, so student and teacher may differ in
    width.

    Shapes: two sequences of equal length, tensors (B,Cs,H,W) and (B,Ct,H,W), pairwise with the same B, H and W -> a
        scalar. Wrong shapes raise ShapeError.
    Range: [0, 2], since no map is negative; teacher features are detached. Computed in float32 at least.
    Source: Zagoruyko and Komodakis (ICLR 2017), eq. 2 with the sum of squares as the map. Departure: the distance is
        squared, so its gradient is defined where the maps agree.
    """

    name = "attention_transfer"

    def distance(self, stage: int, student: Tensor, teacher: Tensor) -> Tensor:  # noqa: ARG002  # all stages alike
        return (_attention(student) - _attention(teacher)).square().sum(1).mean()


def _attention(feature: Tensor) -> Tensor:
    """Reduce features (B,C,H,W) to attention maps (B,H*W) of unit length."""
    return F.normalize(feature.square().sum(1).flatten(1), dim=1)
