"""The moving average of a model's weights."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn


class Ema:
    """The exponential moving average of a module's parameters; its buffers are copied.

    At step n (from 1) the decay is at most (1 + n) / (10 + n), so that the initial weights fade in short runs too (as
    in TensorFlow's ExponentialMovingAverage with num_updates).
    """

    def __init__(self, source: nn.Module, decay: float) -> None:
        self.decay = decay
        self.module = deepcopy(source).eval().requires_grad_(False)
        # Collected once: walking the modules in every step would take longer than averaging.
        self._parameters: list[Tensor] = list(self.module.parameters())
        self._sources: list[Tensor] = list(source.parameters())
        self._buffers = list(zip(self.module.buffers(), source.buffers(), strict=True))

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Update the average after the source's step number `step` (from 1)."""
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._parameters, self._sources, weight)
        for mine, theirs in self._buffers:
            mine.copy_(theirs)
