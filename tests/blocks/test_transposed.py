from __future__ import annotations

import pytest
import torch

import priorsr
from priorsr.errors import OptionError


@pytest.mark.parametrize(("scale", "kernel"), [(1, 1), (2, 4), (3, 5), (4, 8)])
def test_it_enlarges_by_any_scale(scale: int, kernel: int) -> None:
    upsampler = priorsr.create("upsampler", "transposed", in_channels=3, out_channels=2, scale=scale)
    assert upsampler.conv.kernel_size == (kernel, kernel)
    assert upsampler(torch.rand(1, 3, 5, 7)).shape == (1, 2, 5 * scale, 7 * scale)


def test_at_an_even_scale_every_pixel_inside_sees_as_much() -> None:
    upsampler = priorsr.create("upsampler", "transposed", in_channels=1, out_channels=1, scale=2)
    torch.nn.init.ones_(upsampler.conv.weight)
    torch.nn.init.zeros_(upsampler.conv.bias)
    assert upsampler(torch.ones(1, 1, 6, 6))[0, 0, 2:-2, 2:-2].unique().tolist() == [4.0]


def test_a_scale_of_nothing_is_refused() -> None:
    with pytest.raises(OptionError, match="scale is 0"):
        priorsr.create("upsampler", "transposed", in_channels=3, out_channels=2, scale=0)
