from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

import priorsr
from priorsr.errors import OptionError


def test_it_scales_and_shifts_each_pixel() -> None:
    torch.manual_seed(0)
    fusion = priorsr.create("fusion", "spatial_affine", channels=4, prior_channels=3, hidden=5)
    features, prior_map = torch.randn(2, 4, 6, 6), torch.rand(2, 3, 12, 12)
    assert torch.equal(fusion(features, prior_map), features)  # it starts as the identity
    torch.nn.init.normal_(fusion.affine.weight)
    affine = fusion.affine(F.relu(fusion.share(F.avg_pool2d(prior_map, 2))))
    wanted = features * (1 + affine[:, :4]) + affine[:, 4:]
    torch.testing.assert_close(fusion(features, prior_map), wanted)


def test_a_hidden_layer_of_nothing_is_refused() -> None:
    with pytest.raises(OptionError, match="hidden is 0"):
        priorsr.create("fusion", "spatial_affine", channels=4, prior_channels=3, hidden=0)
