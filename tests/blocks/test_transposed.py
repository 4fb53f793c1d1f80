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


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
def test_a_bilinear_start_draws_no_grid(scale: int) -> None:
    torch.manual_seed(0)
    upsampler = priorsr.create("upsampler", "transposed", in_channels=3, out_channels=2, scale=scale, bilinear=True)
    inside = upsampler(torch.ones(1, 3, 4, 5))[:, :, scale:-scale, scale:-scale]
    assert torch.allclose(inside, inside[:, :, :1, :1].expand_as(inside), atol=1e-5)


@pytest.mark.parametrize("scale", [2, 4])
def test_a_bilinear_start_enlarges_a_mix_of_the_channels(scale: int) -> None:
    torch.manual_seed(0)
    upsampler = priorsr.create("upsampler", "transposed", in_channels=3, out_channels=2, scale=scale, bilinear=True)
    torch.nn.init.zeros_(upsampler.conv.bias)
    x = torch.rand(1, 3, 6, 5)
    mix = upsampler.conv.weight.sum((2, 3)) / scale**2
    wanted = torch.nn.functional.interpolate(torch.einsum("io,bihw->bohw", mix, x), scale_factor=scale, mode="bilinear")
    inside = slice(scale, -scale)
    assert torch.allclose(upsampler(x)[..., inside, inside], wanted[..., inside, inside], atol=1e-5)
