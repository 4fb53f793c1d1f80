"""`priorsr` with a model that takes its time, for tests in processes of their own."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

import priorsr
from priorsr.containers import Prior, SROutput
from priorsr.models.enlarging import enlarge


@dataclass(frozen=True)
class SlowConfig:
    presets: ClassVar[dict[str, dict[str, int]]] = {}
    scale: int = 8


@priorsr.register("model", "slow")
class Slow(nn.Module):
    """A convolution with fixed weights after bicubic enlargement; PRIORSR_TEST_SECONDS a batch."""

    kind = "model"
    Config = SlowConfig
    prior = "none"
    size_multiple = 1

    def __init__(self, config: SlowConfig) -> None:
        super().__init__()
        self.config, self.scale = config, config.scale
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("kernel", 0.03 * torch.randn(3, 3, 5, 5, generator=generator))

    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
        time.sleep(float(os.environ.get("PRIORSR_TEST_SECONDS", "0")))
        sr = enlarge(lr, self.scale)
        return SROutput(sr + nn.functional.conv2d(sr, self.kernel, padding=2))


if __name__ == "__main__":
    from priorsr.cli.main import main

    main()
