"""The equalised convolution, and the residual block made of it, against their formulas."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from priorsr.blocks import ChannelAttention, EqualisedConv2d, EqualisedResidualBlock
from priorsr.errors import OptionError, ShapeError


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_the_weight_is_scaled_when_it_is_used_and_the_bias_is_not(kernel_size: int) -> None:
    conv = EqualisedConv2d(4, 6, kernel_size)
    torch.nn.init.normal_(conv.bias)
    x = torch.randn(2, 4, 5, 7)
    scale = math.sqrt(2 / (4 * kernel_size**2))
    wanted = F.conv2d(x, conv.weight * scale, conv.bias, padding=kernel_size // 2)
    assert torch.allclose(conv(x), wanted, atol=1e-6)


def test_it_starts_with_unit_variance_and_no_bias() -> None:
    conv = EqualisedConv2d(64, 64)
    assert conv.weight.std().item() == pytest.approx(1, abs=0.02)
    assert conv.weight.mean().item() == pytest.approx(0, abs=0.02)
    assert not conv.bias.any()


def test_nothing_but_weight_and_bias_is_kept() -> None:
    conv = EqualisedConv2d(4, 6)
    before = set(vars(conv))
    conv(torch.randn(1, 4, 3, 3))
    assert set(vars(conv)) == before
    assert conv.state_dict().keys() == {"weight", "bias"}


@pytest.mark.parametrize("training", [False, True])
def test_the_residual_block_adds_after_the_last_relu(training: bool) -> None:
    block = EqualisedResidualBlock(4).train(training)
    x = torch.randn(3, 4, 5, 5)
    inner = x
    for conv, norm in ((block.conv1, block.norm1), (block.conv2, block.norm2)):
        inner = conv(inner)
        if training:
            mean, variance = inner.mean((0, 2, 3)), inner.var((0, 2, 3), correction=0)
        else:
            mean, variance = norm.running_mean, norm.running_var
        inner = F.relu((inner - mean[:, None, None]) / (variance[:, None, None] + 1e-5).sqrt())
    assert torch.allclose(block(x), x + inner, atol=1e-5)


def test_an_attention_weighs_before_the_sum() -> None:
    block = EqualisedResidualBlock(4, attention=ChannelAttention).eval()
    x = torch.randn(1, 4, 5, 5)
    inner = F.relu(block.norm2(block.conv2(F.relu(block.norm1(block.conv1(x))))))
    assert torch.allclose(block(x), block.attention(inner, x))


def test_misfits_are_told() -> None:
    with pytest.raises(ShapeError, match="equalised convolution"):
        EqualisedConv2d(4, 6)(torch.randn(1, 3, 3, 3))
    with pytest.raises(OptionError, match="the kernel size is 4; an odd number"):
        EqualisedConv2d(4, 6, 4)
    with pytest.raises(ShapeError, match="equalised residual block"):
        EqualisedResidualBlock(4)(torch.randn(1, 3, 3, 3))
