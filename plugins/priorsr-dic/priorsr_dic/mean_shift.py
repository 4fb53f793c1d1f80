"""The mean colour that DIC's networks subtract from images."""

from __future__ import annotations

import torch
from torch import Tensor, nn

MEAN_COLOUR = (0.509, 0.424, 0.378)


class MeanShift(nn.Module):
    """Subtraction of the mean colour from RGB in [0, 1] (B,3,H,W)."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN_COLOUR).view(1, 3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        return image - self.mean
