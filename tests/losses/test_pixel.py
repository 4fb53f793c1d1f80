"""L1, which never broadcasts."""

from __future__ import annotations

import pytest
import torch

from priorsr.errors import ShapeError
from priorsr.losses import l1


def test_is_the_mean_absolute_difference() -> None:
    assert l1(torch.zeros(2, 3, 4, 4), torch.full((2, 3, 4, 4), 0.5)).item() == 0.5
    assert l1(torch.rand(1, 3, 4, 4).bfloat16(), torch.rand(1, 3, 4, 4)).dtype == torch.float32


def test_a_misfit_is_told() -> None:
    with pytest.raises(ShapeError, match="the same shape"):
        l1(torch.zeros(1, 3, 4, 4), torch.zeros(2, 3, 4, 4))
