"""Distillation of relations: the similarity of features at different positions of a face."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from priorsr.errors import OptionError
from priorsr.losses.distillation import StageDistillation


class Relation(StageDistillation):
    """The mean over stages, images and pairs of positions of (a_s - a_t)^2, where a is a pair's cosine similarity.

    Pairs are taken within an image, since a decoder restores the arrangement of its positions, and since images then
    stay independent of the others in the batch. A feature larger than `max_side` is averaged down to it first, since
    there are (H*W)^2 pairs. Student and teacher may differ in width.

    Shapes: two sequences of equal length, tensors (B,Cs,H,W) and (B,Ct,H,W), pairwise with the same B, H and W -> a
        scalar. Wrong shapes raise ShapeError, a `max_side` below 2 OptionError.
    Range: [0, 4]; teacher features are detached. Computed in float32 at least.
    Source: the pair-wise distillation of Liu et al. (Structured Knowledge Distillation, CVPR 2019), also FAKD's spatial
        affinity (ICIP 2020, by L1). Different from RKD (CVPR 2019) and SPKD (ICCV 2019), whose relations are between
        the images of a batch.
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
