"""Fusion by attention between positions of the same facial class."""

from __future__ import annotations

import math

import torch
from einops import rearrange
from torch import Tensor, nn

from priorsr.blocks.argument_checks import check_fusion
from priorsr.blocks.map_resizing import resize_map
from priorsr.errors import OptionError
from priorsr.kernels import parsing_attention


class ParsingAttentionFusion(nn.Module):
    """features + attended + conv3x3(parsing map), where tokens attend more to tokens of the same class.

    Tokens are normalised, a linear embedding of their class probabilities is added, and they attend by
    `priorsr.kernels.parsing_attention`. Time grows with (H*W)^2, memory with H*W. Therefore features with a side above
    `max_side` are first averaged down by a whole factor, and the result is enlarged again; the convolution of the map
    runs at full size and keeps the edges. The last layer of both paths starts at zero, so the block starts as the
    identity.

    Shapes: features (B,C,H,W), parsing map (B,P,h,w), resized -> (B,C,H,W). Wrong shapes raise ShapeError. `channels`
        that are no multiple of `heads`, and a `max_side` or `heads` below 1, raise OptionError.
    Range: unbounded. The map holds class probabilities.
    Source: ours, after PKDN (arXiv 2409.14385), whose parsing map fusion blocks are "built with robust attention
        mechanisms"; nothing more of them is public.
    """

    kind = "fusion"
    prior = "parsing"

    def __init__(self, channels: int, prior_channels: int, *, heads: int = 4, max_side: int = 16) -> None:
        super().__init__()
        if heads < 1 or channels % heads:
            raise OptionError(f"parsing attention fusion: heads is {heads}; a divisor of {channels} was expected")
        if max_side < 1:
            raise OptionError(f"parsing attention fusion: max_side is {max_side}; 1 or more was expected")
        self.channels, self.prior_channels = channels, prior_channels
        self.heads, self.max_side = heads, max_side
        self.norm = nn.LayerNorm(channels)
        self.embed = nn.Linear(prior_channels, channels, bias=False)
        self.qkv = nn.Linear(channels, 3 * channels, bias=False)
        self.scales = nn.Parameter(torch.zeros(heads))
        self.out = nn.Linear(channels, channels, bias=False)
        self.of_map = nn.Conv2d(prior_channels, channels, 3, padding=1, bias=False)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.of_map.weight)

    def forward(self, features: Tensor, prior_map: Tensor) -> Tensor:
        check_fusion(features, prior_map, self.channels, self.prior_channels, "parsing attention fusion")
        size = (features.shape[2], features.shape[3])
        attended = resize_map(self._attend(features, prior_map), size)
        return features + attended + self.of_map(resize_map(prior_map, size))

    def _attend(self, features: Tensor, prior_map: Tensor) -> Tensor:
        """Average features (B,C,H,W) down to (B,C,h,w), neither side above `max_side`."""
        shrink = math.ceil(max(features.shape[2:]) / self.max_side)
        height, width = (math.ceil(side / shrink) for side in features.shape[2:])
        tokens = rearrange(resize_map(features, (height, width)), "b c h w -> b (h w) c")
        classes = rearrange(resize_map(prior_map, (height, width)), "b p h w -> b p (h w)")
        tokens = self.norm(tokens) + self.embed(classes.transpose(1, 2))
        q, k, v = rearrange(self.qkv(tokens), "b n (three heads d) -> three b heads n d", three=3, heads=self.heads)
        attended = rearrange(parsing_attention(q, k, v, classes, self.scales), "b heads n d -> b n (heads d)")
        return rearrange(self.out(attended), "b (h w) c -> b c h w", h=height)
