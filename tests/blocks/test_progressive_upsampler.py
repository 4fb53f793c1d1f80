"""The progressive upsampler: entered and left at any step, faded in."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

import priorsr
from priorsr.blocks import ProgressiveUpsampler, fade_in
from priorsr.errors import OptionError, ShapeError


@pytest.fixture
def upsampler() -> ProgressiveUpsampler:
    torch.manual_seed(0)
    return priorsr.create("upsampler", "progressive", in_channels=8, out_channels=3, scale=8, depth=(2, 1, 0)).eval()


def test_goes_all_the_way_by_default(upsampler: ProgressiveUpsampler) -> None:
    x = torch.rand(2, 8, 3, 5)
    outputs = upsampler.outputs(x)
    assert [tuple(out.shape) for out in outputs] == [(2, 3, 6, 10), (2, 3, 12, 20), (2, 3, 24, 40)]
    assert torch.equal(upsampler(x), outputs[-1])
    assert upsampler.widths == [8, 4, 2, 1]
    assert [len(step) for step in upsampler.steps] == [5, 4, 3]


def test_is_left_early(upsampler: ProgressiveUpsampler) -> None:
    x = torch.rand(1, 8, 4, 4)
    assert all(torch.equal(a, b) for a, b in zip(upsampler.outputs(x, leave=2), upsampler.outputs(x)[:2], strict=True))


def test_is_entered_late_with_the_features_of_that_step(upsampler: ProgressiveUpsampler) -> None:
    x = torch.rand(1, 8, 4, 4)
    features = upsampler.steps[0](x)
    assert all(
        torch.equal(a, b) for a, b in zip(upsampler.outputs(features, enter=1), upsampler.outputs(x), strict=True)
    )


def test_fading_blends_the_earlier_image_enlarged_to_the_nearest() -> None:
    earlier, new = torch.rand(2, 3, 2, 2), torch.rand(2, 3, 4, 4)
    nearest = earlier.repeat_interleave(2, 2).repeat_interleave(2, 3)
    for fade in (0.0, 0.3, torch.tensor(0.3), 1.0, torch.tensor(1.0)):
        assert torch.allclose(fade_in(earlier, new, fade), (1 - fade) * nearest + fade * new)


def test_a_step_is_blocks_enlargement_normalisation_and_relu(upsampler: ProgressiveUpsampler) -> None:
    x = torch.rand(1, 8, 4, 4)
    first, second, up, norm, _ = upsampler.steps[0]
    wanted = upsampler.heads[0](F.relu(norm(up(second(first(x))))))
    assert torch.allclose(upsampler.outputs(x, leave=1)[0], wanted)


def test_the_enlargement_is_exchangeable() -> None:
    upsampler = ProgressiveUpsampler(8, 4, 4, widths=(6, 4), upsampler="pixel_shuffle", attention="channel")
    assert upsampler(torch.rand(2, 8, 3, 3)).shape == (2, 4, 12, 12)


@pytest.mark.parametrize("scale", [0, 1, 3, 6])
def test_a_scale_that_is_no_power_of_two_is_refused(scale: int) -> None:
    with pytest.raises(OptionError, match=f"the scale is {scale}; a power of 2"):
        ProgressiveUpsampler(8, 4, scale)


def test_mistakes_are_told(upsampler: ProgressiveUpsampler) -> None:
    with pytest.raises(OptionError, match="widths has 1 values; 2, one for each doubling"):
        ProgressiveUpsampler(8, 4, 4, widths=(4,))
    with pytest.raises(OptionError, match="depth has 3 values; 2"):
        ProgressiveUpsampler(8, 4, 4, depth=(1, 1, 1))
    for wrong in ({"leave": 4}, {"leave": 0}, {"enter": 3}, {"enter": 2, "leave": 2}, {"enter": -1}):
        with pytest.raises(OptionError, match="0 <= enter < leave <= 3"):
            upsampler.outputs(torch.rand(1, 8, 4, 4), **wrong)
    with pytest.raises(ShapeError, match=r"\(B, 4, H, W\)"):
        upsampler.outputs(torch.rand(1, 8, 4, 4), enter=1)
