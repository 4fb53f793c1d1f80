"""A score: how alike the edges of SR and HR are."""

from __future__ import annotations

import torch
from priorsr.shapes import check_map, check_same
from torch import Tensor, nn


class MyScore(nn.Module):
    """The mean absolute difference of the differences of neighbouring pixels in SR and HR.

    Shapes: sr and hr (B,3,H,W) -> (B,). Wrong shapes raise ShapeError.
    Range: images in [0, 1]; 0 for equal edges, at most 4. Computed in float32 at least.
    Source: ours.
    """

    kind = "score"
    contract = 2  # the version of the contract, see priorsr.testing
    higher_is_better = False
    bounds = (0.0, 4.0)

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        check_map(sr, 3, "my_score", "sr")
        check_same(sr, hr, "my_score", "sr and hr")
        difference = sr.to(torch.promote_types(sr.dtype, torch.float32)) - hr  # (B,3,H,W)
        down, right = difference.diff(dim=2), difference.diff(dim=3)
        return down.abs().mean((1, 2, 3)) + right.abs().mean((1, 2, 3))
