"""Minibatch standard deviation: shows a discriminator how much the images of a batch differ."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from priorsr.errors import ShapeError
from priorsr.shapes import check_batch, check_map


class MinibatchStdDev(nn.Module):
    """Append a constant channel: the standard deviation over the batch, averaged over all channels and pixels.

    The deviation is unbiased, and that of `images` if they are given, else of x itself. It makes the results of a batch
    depend on each other, also within a gradient penalty.

    Shapes: x (B,C,H,W), images (B,C',H',W') -> (B,C+1,H,W); a batch of at least 2, since the deviation of one is not
        defined. Wrong shapes raise ShapeError.
    Range: the added channel lies in [0, inf).
    Source: Karras et al., "Progressive growing of GANs" (ICLR 2018), section 3. PFSR takes the deviation of its input
        images.
    """

    def forward(self, x: Tensor, images: Tensor | None = None) -> Tensor:
        check_map(x, None, "minibatch standard deviation")
        images = x if images is None else images
        check_batch(x, images, "minibatch standard deviation", "x and images")
        if len(x) < 2:
            raise ShapeError("minibatch standard deviation: the batch has 1 image; 2 or more were expected")
        variance = images.var(0)
        moves = variance > 0  # the root's second derivative at 0 would spoil a gradient penalty
        deviation = (variance.where(moves, 1.0).sqrt() * moves).mean().to(x.dtype)
        return torch.cat([x, deviation.expand(len(x), 1, *x.shape[2:])], 1)
