"""The teacher sees classes in the palette's colours, and pictures as they are."""

from __future__ import annotations

import torch

import priorsr
from priorsr.priors import parsing_picture


def test_classes_are_painted_in_the_palette() -> None:
    torch.manual_seed(0)
    fusion = priorsr.create("fusion", "parsing_picture", channels=4, prior_channels=19)
    features, parsing = torch.rand(1, 4, 8, 8), torch.randn(1, 19, 8, 8).mul(3).softmax(1)
    assert torch.equal(fusion(features, parsing), features + fusion.conv(parsing_picture(parsing)))


def test_pictures_stay() -> None:
    torch.manual_seed(0)
    fusion = priorsr.create("fusion", "parsing_picture", channels=4, prior_channels=3)
    features, picture = torch.rand(1, 4, 8, 8), torch.rand(1, 3, 8, 8)
    assert torch.equal(fusion(features, picture), features + fusion.conv(picture))
