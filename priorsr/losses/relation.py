"""Distillation of relations: which places of a face are alike."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from priorsr.errors import OptionError
from priorsr.losses.distillation import StageDistillation


class Relation(StageDistillation):
    """The mean over stages, images and pairs of positions of (a_s - a_t)^2, where a is the pair's cosine similarity.

    The relations are those between the positions of one image: what a decoder restores is their arrangement, and an
    image stays independent of the others in its batch. A feature larger than `max_side` is averaged down to it first,
    since there are (H*W)^2 pairs. Student and teacher may have different widths.

    Shapes: two sequences of as many tensors (B,Cs,H,W) and (B,Ct,H,W), pairwise of the same batch and sides -> a
        scalar. A misfit raises ShapeError, a `max_side` below 2 OptionError.
    Range: [0, 4]; the teacher's side is detached. Computed in float32 at least.
    Source: the pair-wise distillation of Liu et al. (Structured Knowledge Distillation, CVPR 2019), also FAKD's spatial
        affinity (ICIP 2020, by L1). Not the relations over a batch of RKD (CVPR 2019) and SPKD (ICCV 2019).
    """

    name = "relation"

    def __init__(self, student_channels: Sequence[int], teacher_channels: Sequence[int], *, max_side: int = 16) -> None:
        super().__init__(student_channels, teacher_channels)
        if max_side < 2:
            raise OptionError(f"relation: max_side is {max_side}; 2 or more was expected")
        self.max_side = max_side

    def distance(self, stage: int, student: Tensor, teacher: Tensor) -> Tensor:  # noqa: ARG002  # all stages alike
        return F.mse_loss(self._similarity(student), self._similarity(teacher))

    def _similarity(self, feature: Tensor) -> Tensor:
        """Return the cosine similarity of every two positions of features (B,C,H,W), (B,N,N)."""
        height, width = feature.shape[2:]
        pooled = F.adaptive_avg_pool2d(feature, (min(height, self.max_side), min(width, self.max_side)))
        tokens = F.normalize(pooled.flatten(2), dim=1)
        return tokens.transpose(1, 2) @ tokens
