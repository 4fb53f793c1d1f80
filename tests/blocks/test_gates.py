"""The gates, and the attentions that are made of them."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

import priorsr
from priorsr.blocks.gates import ChannelGate
from priorsr.errors import OptionError


def test_pools_share_their_layers_and_are_summed() -> None:
    torch.manual_seed(0)
    gate = ChannelGate(6, pools=("average", "maximum", "variance"), reduction=2)
    x = torch.randn(2, 6, 4, 5)
    flat = x.flatten(2)

    def excited(pooled: torch.Tensor) -> torch.Tensor:
        return gate.excite(F.relu(gate.squeeze(pooled[:, :, None, None])))

    pooled = (flat.mean(2), flat.amax(2), (flat - flat.mean(2, keepdim=True)).square().mean(2))
    torch.testing.assert_close(gate(x), torch.sigmoid(sum(excited(values) for values in pooled)))


def test_a_single_pixel_has_no_variance() -> None:
    gate = ChannelGate(4, pools=("variance",), reduction=1)
    x = torch.randn(1, 4, 1, 1)
    torch.testing.assert_close(gate(x), gate(torch.zeros_like(x)))


def test_spatial_attention_is_cbams() -> None:
    torch.manual_seed(0)
    attention = priorsr.create("attention", "spatial", channels=4)
    x = torch.randn(2, 4, 9, 8)
    pooled = torch.stack([x.mean(1), x.max(1).values], 1)
    conv = attention.gate.conv
    wanted = x * F.conv2d(pooled, conv.weight, conv.bias, padding=3).sigmoid()
    torch.testing.assert_close(attention(x), wanted)


def test_channel_spatial_attention_weighs_channels_first() -> None:
    torch.manual_seed(0)
    attention = priorsr.create("attention", "channel_spatial", channels=8, reduction=2)
    x, residual = torch.randn(2, 2, 8, 5, 5)
    by_channel = x * attention.channel_gate(x)
    torch.testing.assert_close(attention(x, residual), by_channel * attention.spatial_gate(by_channel) + residual)
    assert attention.channel_gate.pools == ("average", "maximum")


def test_wrong_options_are_refused() -> None:
    with pytest.raises(OptionError, match="kernel_size is 4; an odd number"):
        priorsr.create("attention", "spatial", channels=4, kernel_size=4)
    with pytest.raises(OptionError, match="reduction is 0"):
        priorsr.create("attention", "channel_spatial", channels=4, reduction=0)
    with pytest.raises(OptionError, match="pools are \\('median',\\)"):
        ChannelGate(4, pools=("median",), reduction=1)
