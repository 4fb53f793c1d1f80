from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

import priorsr
from priorsr.errors import OptionError


def test_it_sums_every_scale_and_refines_the_sum() -> None:
    torch.manual_seed(0)
    retention = priorsr.create("retention", "multi_scale", channels=(3, 5, 2), target_channels=4)
    x, fine, same, coarse = (torch.randn(2, c, s, s) for c, s in ((4, 8), (3, 16), (5, 8), (2, 4)))
    of_fine, of_same, of_coarse = retention.project
    enlarged = F.interpolate(of_coarse(coarse), scale_factor=2, mode="bilinear")
    kept = F.avg_pool2d(of_fine(fine), 2) + of_same(same) + enlarged
    torch.testing.assert_close(retention(x, [fine, same, coarse]), x + kept + retention.refine(F.relu(kept)))


def test_beyond_the_finest_scale_the_refined_sum_is_enlarged() -> None:
    torch.manual_seed(0)
    retention = priorsr.create("retention", "multi_scale", channels=(3,), target_channels=4)
    x, fine = torch.randn(1, 4, 16, 16), torch.randn(1, 3, 8, 8)
    kept = retention.project[0](fine)
    refined = kept + retention.refine(F.relu(kept))
    torch.testing.assert_close(retention(x, [fine]), x + F.interpolate(refined, scale_factor=2, mode="bilinear"))


def test_nothing_to_retain_is_refused() -> None:
    with pytest.raises(OptionError, match="no scale is retained"):
        priorsr.create("retention", "multi_scale", channels=(), target_channels=4)
