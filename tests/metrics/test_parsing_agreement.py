"""A face that is parsed as its HR image is agrees wholly; another face does not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import priorsr
from priorsr import registry
from priorsr.errors import OptionError
from priorsr.types import Prior


def test_agreement_is_the_iou_of_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_state", registry._State())

    @priorsr.register("estimator", "red_or_not")
    class RedOrNot(nn.Module):
        kind = "estimator"

        def __init__(self) -> None:
            super().__init__()
            self.threshold = nn.Parameter(torch.tensor(0.5))

        def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:
            red = (images[:, :1] > self.threshold).float()
            return Prior(parsing=torch.cat([red, 1 - red], 1)), state

    score = priorsr.create("score", "parsing_agreement", estimator="red_or_not")
    hr = torch.zeros(2, 3, 4, 4)
    hr[:, 0, :2] = 1
    sr = hr.clone()
    sr[1, 0, 2] = 1.4  # twelve pixels red instead of eight
    assert score(sr, hr).tolist() == pytest.approx([1, (8 / 12 + 4 / 8) / 2])
    assert score.higher_is_better


def test_an_estimator_without_parsing_maps_is_refused() -> None:
    class Blind(nn.Module):
        kind = "estimator"

        def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:
            return Prior(landmarks=torch.zeros(len(images), 68, 2)), state

    score = priorsr.create("score", "parsing_agreement", estimator=Blind)
    with pytest.raises(OptionError, match="the estimator Blind gives no parsing map"):
        score(torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4))
