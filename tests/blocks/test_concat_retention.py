from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import priorsr
from priorsr.blocks import ConcatRetention
from priorsr.errors import OptionError


@pytest.fixture
def retention() -> ConcatRetention:
    torch.manual_seed(0)
    return priorsr.create("retention", "concat", channels=(3, 3), target_channels=4)


def joined(retention: ConcatRetention, x: Tensor, kept: Tensor) -> Tensor:
    """The 1x1 convolution of both side by side."""
    weight = torch.cat([retention.of_x.weight, retention.of_retained.weight], 1)
    return F.conv2d(torch.cat([x, kept], 1), weight, retention.of_x.bias)


def test_it_takes_the_feature_of_its_own_scale(retention: ConcatRetention) -> None:
    x, same, other = torch.randn(1, 4, 8, 8), torch.randn(1, 3, 8, 8), torch.randn(1, 3, 4, 4)
    torch.testing.assert_close(retention(x, [same, other]), joined(retention, x, same))
    torch.testing.assert_close(retention(x, [other, same]), joined(retention, x, same))


def test_it_takes_the_nearest_where_none_is_of_its_scale(retention: ConcatRetention) -> None:
    x, fine, coarse = torch.randn(1, 4, 16, 16), torch.randn(1, 3, 8, 8), torch.randn(1, 3, 4, 4)
    wanted = joined(retention, x, F.interpolate(fine, scale_factor=2, mode="bilinear"))
    torch.testing.assert_close(retention(x, [fine, coarse]), wanted)


def test_of_two_that_are_as_near_it_takes_the_finer(retention: ConcatRetention) -> None:
    x, fine, coarse = torch.randn(1, 4, 8, 8), torch.randn(1, 3, 16, 16), torch.randn(1, 3, 4, 4)
    torch.testing.assert_close(retention(x, [fine, coarse]), joined(retention, x, F.avg_pool2d(fine, 2)))


@pytest.mark.parametrize("channels", [(3, 4), ()])
def test_unequal_channels_are_refused(channels: tuple[int, ...]) -> None:
    with pytest.raises(OptionError, match="one number was expected"):
        priorsr.create("retention", "concat", channels=channels, target_channels=4)
