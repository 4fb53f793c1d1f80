"""Blocks against their formulas, spelt out."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

import priorsr
from priorsr.blocks import PixelUnshuffleDownsampler, ResidualAttentionBlock, resize_map
from priorsr.errors import OptionError, ShapeError


def test_channel_attention_is_the_gate_of_rcan() -> None:
    attention = priorsr.create("attention", "channel", channels=32, reduction=8)
    x, residual = torch.rand(2, 2, 32, 5, 7)
    mean = x.mean((2, 3))
    hidden = F.relu(mean @ attention.squeeze.weight[:, :, 0, 0].T + attention.squeeze.bias)
    gate = torch.sigmoid(hidden @ attention.excite.weight[:, :, 0, 0].T + attention.excite.bias)
    assert torch.allclose(attention(x, residual), x * gate[:, :, None, None] + residual, atol=1e-6)


def test_channel_attention_has_a_hidden_channel_at_any_width() -> None:
    assert priorsr.create("attention", "channel", channels=4)(torch.rand(1, 4, 2, 2)).shape == (1, 4, 2, 2)


def test_the_residual_attention_block_is_the_rcab() -> None:
    block = ResidualAttentionBlock(8)
    x = torch.randn(1, 8, 6, 6)
    inner = block.conv2(F.relu(block.conv1(x)))
    assert torch.allclose(block(x), x + block.attention(inner), atol=1e-6)


def test_shuffling_down_and_up_are_mirrors() -> None:
    x = torch.rand(1, 2, 6, 4)
    down = PixelUnshuffleDownsampler(2, 8)
    up = priorsr.create("upsampler", "pixel_shuffle", in_channels=8, out_channels=2, scale=2)
    for module in (down, up):  # convolutions that hand on what they get
        torch.nn.init.dirac_(module.conv.weight)
        torch.nn.init.zeros_(module.conv.bias)
    assert torch.equal(up(down(x)), x)
    with pytest.raises(ShapeError, match="even sides"):
        down(torch.rand(1, 2, 5, 4))


def test_concat_fusion_convolves_features_and_map_side_by_side() -> None:
    fusion = priorsr.create("fusion", "concat", channels=3, prior_channels=2, kernel_size=1)
    features, prior_map = torch.rand(1, 3, 4, 4), torch.rand(1, 2, 4, 4)
    wanted = torch.einsum("oc,bchw->bohw", fusion.conv.weight[:, :, 0, 0], torch.cat([features, prior_map], 1))
    assert torch.allclose(fusion(features, prior_map), wanted + fusion.conv.bias[:, None, None], atol=1e-6)


@pytest.mark.parametrize("kernel_size", [0, 2, 4])
def test_concat_fusion_refuses_kernels_that_change_the_size(kernel_size: int) -> None:
    with pytest.raises(OptionError, match=f"kernel_size is {kernel_size}; an odd number"):
        priorsr.create("fusion", "concat", channels=3, prior_channels=2, kernel_size=kernel_size)


def test_concat_fusion_never_broadcasts_a_prior() -> None:
    fusion = priorsr.create("fusion", "concat", channels=3, prior_channels=2)
    with pytest.raises(ShapeError, match="features and prior map have batches of 2 and 1"):
        fusion(torch.rand(2, 3, 4, 4), torch.rand(1, 2, 4, 4))


def test_channel_attention_never_broadcasts_a_residual() -> None:
    attention = priorsr.create("attention", "channel", channels=4)
    with pytest.raises(ShapeError, match="x and residual have shapes"):
        attention(torch.rand(1, 4, 2, 2), torch.rand(5, 4, 2, 2))


def test_options_below_one_are_refused() -> None:
    with pytest.raises(OptionError, match="channel attention: reduction is 0; 1 or more"):
        priorsr.create("attention", "channel", channels=4, reduction=0)
    with pytest.raises(OptionError, match="pixel-shuffle upsampler: scale is 0; 1 or more"):
        priorsr.create("upsampler", "pixel_shuffle", in_channels=3, out_channels=3, scale=0)


def test_no_retention_hands_on() -> None:
    x = torch.rand(1, 4, 2, 2)
    retention = priorsr.create("retention", "none", channels=(4, 4), target_channels=4)
    assert retention(x, [torch.rand(1, 4, 4, 4), x]) is x
    with pytest.raises(ShapeError, match="1 features are retained; 2 were expected"):
        retention(x, [x])


@pytest.mark.parametrize("size", [(4, 4), (16, 16), (5, 3), (8, 8)])
def test_a_resized_parsing_map_still_sums_to_one(size: tuple[int, int]) -> None:
    parsing = torch.randn(1, 19, 8, 8).softmax(1)
    resized = resize_map(parsing, size)
    assert resized.shape == (1, 19, *size)
    assert torch.allclose(resized.sum(1), torch.ones(1, *size), atol=1e-5)


def test_shrinking_a_map_averages_it() -> None:
    parsing = torch.rand(1, 2, 8, 8)
    assert torch.allclose(resize_map(parsing, (4, 4)), F.avg_pool2d(parsing, 2), atol=1e-6)
