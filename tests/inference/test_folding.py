"""Folding changes the modules, not what they compute."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from priorsr.blocks import EqualisedConv2d, EqualisedResidualBlock
from priorsr.blocks.progressive_upsampler import ProgressiveUpsampler
from priorsr.inference.folding import fold


def lively(module: nn.Module) -> nn.Module:
    """In eval mode, with statistics and slopes that are not their first values."""
    for inner in module.modules():
        if isinstance(inner, nn.BatchNorm2d) and inner.running_mean is not None:
            for tensor in (inner.weight, inner.bias, inner.running_mean, inner.running_var):
                if tensor is not None:
                    nn.init.uniform_(tensor, 0.5, 1.5)
    return module.eval()


@pytest.mark.parametrize(
    ("module", "gone", "told"),
    [
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), nn.BatchNorm2d, "BatchNorm2d"),
        (nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4, affine=False)), nn.BatchNorm2d, "BatchNorm2d"),
        (nn.Sequential(nn.ConvTranspose2d(3, 4, 4, 2, 1), nn.BatchNorm2d(4), nn.ReLU()), nn.BatchNorm2d, "BatchNorm2d"),
        (nn.Sequential(EqualisedConv2d(3, 4), nn.PReLU(init=0.3)), nn.PReLU, "PReLU"),
        (EqualisedResidualBlock(3), (nn.BatchNorm2d, EqualisedConv2d), "EqualisedResidualBlock"),
        (ProgressiveUpsampler(3, 3, 4), (nn.BatchNorm2d, EqualisedConv2d), "TransposedUpsampler"),
    ],
)
@torch.no_grad()
def test_what_is_folded_computes_the_same(module: nn.Module, gone: Any, told: str) -> None:
    module = lively(module)
    x = torch.rand(2, 3, 8, 8)
    folded, done = fold(copy.deepcopy(module))
    torch.testing.assert_close(folded(x), module(x), rtol=1e-5, atol=1e-5)
    assert not any(isinstance(inner, gone) for inner in folded.modules())
    assert any(told in sentence for sentence in done)
    assert not any(inner.training for inner in folded.modules())


class Doubled(nn.Conv2d):
    """A convolution that does more than its class, as a plugin's might."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(Doubled(3, 4, 3), nn.BatchNorm2d(4)),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)),
        nn.Sequential(nn.ConvTranspose2d(3, 6, 4, 2, groups=3), nn.BatchNorm2d(6)),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)),
        nn.PReLU(3),
    ],
)
@torch.no_grad()
def test_what_cannot_be_folded_is_left(module: nn.Module) -> None:
    module = lively(module)
    x = torch.rand(2, 3, 8, 8)
    folded, done = fold(copy.deepcopy(module))
    assert done == ()
    assert torch.equal(folded(x), module(x))


def test_a_module_in_two_places_is_folded_once() -> None:
    conv = EqualisedConv2d(3, 3)
    folded, done = fold(nn.Sequential(conv, nn.ReLU(), conv).eval())
    assert isinstance(folded, nn.Sequential)
    assert folded[0] is folded[2]
    assert type(folded[0]) is nn.Conv2d
    assert done == ("folded EqualisedConv2d (1)",)
