from __future__ import annotations

import math

import pytest
import torch

from priorsr.errors import OptionError, ShapeError
from priorsr.metrics.nme import nme


@pytest.fixture
def target() -> torch.Tensor:
    """Two faces whose outer eye corners are 50 pixels apart, in a box of 100 by 64."""
    points = torch.rand(2, 68, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([100.0, 64.0])
    points[:, 0], points[:, 1] = torch.tensor([0.0, 0.0]), torch.tensor([100.0, 64.0])
    points[:, 36], points[:, 45] = torch.tensor([20.0, 30.0]), torch.tensor([60.0, 60.0])
    return points


def test_errors_are_parts_of_the_normaliser(target: torch.Tensor) -> None:
    estimated = target + torch.tensor([[[3.0, 4.0]], [[0.0, 10.0]]])
    torch.testing.assert_close(nme(estimated, target), torch.tensor([0.1, 0.2]).double())
    torch.testing.assert_close(nme(estimated, target, None, "size"), torch.tensor([5 / 80, 10 / 80]).double())
    assert nme(target, target).tolist() == [0, 0]


def test_invalid_points_do_not_count(target: torch.Tensor) -> None:
    valid = torch.ones(2, 68, dtype=torch.bool)
    valid[:, 50:60] = False
    estimated = target + torch.tensor([3.0, 4.0])
    target[:, 50:60] = 0
    estimated[:, 50:60] = torch.nan
    torch.testing.assert_close(nme(estimated, target, valid), torch.tensor([0.1, 0.1]).double())
    valid[0, 36] = False  # no inter-ocular distance, but a size
    assert math.isnan(nme(estimated, target, valid)[0])
    assert nme(estimated, target, valid, "size")[0] == pytest.approx(5 / 80)
    estimated[1, 60] = torch.nan  # one that counts
    assert math.isnan(nme(estimated, target, valid, "size")[1])
    valid[1] = False
    assert all(math.isnan(nme(estimated, target, valid, name)[1]) for name in ("inter-ocular", "size"))


def test_mistakes(target: torch.Tensor) -> None:
    with pytest.raises(OptionError, match="'pupils'; 'inter-ocular' or 'size'"):
        nme(target, target, None, "pupils")  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="needs the 68 points of ibug-68, and 5"):
        nme(target[:, :5], target[:, :5])
    with pytest.raises(ShapeError, match=r"\(2, 68, 2\) and \(1, 68, 2\)"):
        nme(target, target[:1])
    with pytest.raises(ShapeError, match=r"valid has shape \(2, 5\)"):
        nme(target, target, torch.ones(2, 5, dtype=torch.bool))
