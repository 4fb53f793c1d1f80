"""LR consistency: HR is consistent, what was changed at low frequencies is not; and scores get what they need."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from priorsr.errors import ShapeError, WrongKindError
from priorsr.metrics import Reduction, call_score, load_protocol
from priorsr.metrics.lr_consistency import LRConsistency

IDS = ("a", "b", "c", "d", "e")


def reduced(hr: Tensor, reduction: Reduction) -> Tensor:
    images = (hr.permute(0, 2, 3, 1).numpy() * 255).round().astype(np.uint8)
    lr = np.stack([reduction.reduce(image, face=face) for image, face in zip(images, IDS, strict=True)])
    lr = torch.from_numpy(lr).permute(0, 3, 1, 2)
    return lr / 255 if reduction.quantise else lr


@pytest.mark.parametrize(
    "reduction",
    [
        load_protocol("priorsr@1").reduction,
        load_protocol("pfsr@1").reduction,
        Reduction(128, 8, "matlab-bicubic", False),
        Reduction(128, 8, "blind-3", True),
    ],
    ids=lambda reduction: reduction.kernel,
)
def test_hr_is_consistent_and_its_detail_does_not_matter(pair, reduction: Reduction) -> None:
    hr = pair[1]
    lr = reduced(hr, reduction)
    score = LRConsistency()

    def ask(images: Tensor) -> list[float]:
        return call_score(score, images, hr, lr=lr, reduction=reduction, ids=IDS).tolist()

    assert ask(hr) == [math.inf] * 5 if reduction.quantise else min(ask(hr)) > 300
    darker = ask((hr - 10 / 255).clamp(0, 1))
    assert max(darker) < 32
    assert max(ask(hr.roll(1, 0))) < min(darker)
    assert (score.unit, score.higher_is_better) == ("dB", True)


def test_the_value_is_the_psnr_of_lr(pair) -> None:
    sr, hr = pair
    reduction = load_protocol("dic@1").reduction
    lr = reduced(hr, reduction)
    error = (reduced(sr, reduction).double() - lr.double()).square().mean((1, 2, 3))
    found = call_score(LRConsistency(), sr, hr, lr=lr, reduction=reduction, ids=IDS)
    torch.testing.assert_close(found, (-10 * error.log10()).float())


def test_mistakes(pair) -> None:
    hr = pair[1]
    reduction = load_protocol("dic@1").reduction
    with pytest.raises(ShapeError, match=r"makes \(5, 3, 16, 16\) of sr, and lr has \(5, 3, 32, 32\)"):
        call_score(LRConsistency(), hr, hr, lr=torch.rand(5, 3, 32, 32), reduction=reduction, ids=IDS)

    class Greedy(nn.Module):
        needs = ("lr", "landmarks")

    with pytest.raises(
        WrongKindError, match="'Greedy' needs landmarks; a score can be handed lr, reduction, ids, shared"
    ):
        call_score(Greedy(), hr, hr, lr=hr, reduction=reduction, ids=IDS)


def test_a_score_without_needs_gets_the_two_images_alone(pair) -> None:
    class Plain(nn.Module):
        def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
            return (sr - hr).abs().mean((1, 2, 3))

    reduction = load_protocol("dic@1").reduction
    found = call_score(Plain(), *pair, lr=pair[1], reduction=reduction, ids=IDS)
    assert torch.equal(found, Plain()(*pair))
