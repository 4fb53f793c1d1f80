"""Landmarks that are not valid do not count."""

from __future__ import annotations

import torch

from priorsr.losses import valid_mean


def test_only_what_is_valid_counts() -> None:
    values = torch.tensor([[1.0, 2.0], [3.0, 100.0]])
    assert valid_mean(values, torch.tensor([[True, True], [True, False]])) == 2
    assert valid_mean(values, None) == values.mean()
    assert valid_mean(values, torch.zeros(2, 2, dtype=torch.bool)) == 0
