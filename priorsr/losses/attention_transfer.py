"""Distillation of attention: where a network looks, not what it sees there."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from priorsr.losses.distillation import StageDistillation


class AttentionTransfer(StageDistillation):
    """The mean over stages and images of ||q_s - q_t||^2, where q is a feature's attention map, of unit length.

    The map is the sum of squares over the channels at each position, so student and teacher may have different widths.

    Shapes: two sequences of as many tensors (B,Cs,H,W) and (B,Ct,H,W), pairwise of the same batch and sides -> a
        scalar. A misfit raises ShapeError.
    Range: [0, 2], since no map is negative; the teacher's side is detached. Computed in float32 at least.
    Source: Zagoruyko and Komodakis (ICLR 2017), eq. 2 with the sum of squares as the map. Departure: the distance is
        squared, which has a gradient where the maps agree.
    """

    name = "attention_transfer"

    def distance(self, stage: int, student: Tensor, teacher: Tensor) -> Tensor:  # noqa: ARG002  # all stages alike
        return (_attention(student) - _attention(teacher)).square().sum(1).mean()


def _attention(feature: Tensor) -> Tensor:
    """Reduce features (B,C,H,W) to attention maps (B,H*W) of unit length."""
    return F.normalize(feature.square().sum(1).flatten(1), dim=1)
