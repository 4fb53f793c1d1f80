"""Scores beside the protocols that a run computes, keeps, or cannot have."""

from __future__ import annotations

import math

import pytest
import torch
from doubles import Stored
from torch import Tensor

import priorsr
from priorsr.errors import PriorsrError


@pytest.fixture
def closeness():
    @priorsr.register("score", "closeness")
    class Closeness:
        kind = "score"
        higher_is_better = False

        def __call__(self, sr: Tensor, hr: Tensor) -> Tensor:
            assert sr.min() >= 0
            assert sr.max() <= 1
            return (sr - hr).abs().mean(dim=(1, 2, 3))

    return Closeness


def test_a_score_stands_beside_the_protocols(bench, closeness, lr, hr) -> None:
    (record,) = bench(Stored(lr, hr + 1.0), scores=["closeness"])
    assert list(record.scores) == ["psnr", "ssim", "closeness"]
    assert not record.scores["closeness"].higher_is_better
    expected = {f"cloud-{index}": float((1 - image).mean()) for index, image in enumerate(hr)}
    assert record.scores["closeness"].per_image == pytest.approx(expected, abs=1e-6)


def test_a_score_asked_for_later_is_added(bench, closeness) -> None:
    bench("bicubic")
    (record,) = bench("bicubic", scores=["closeness"])
    assert "closeness" in record.scores


def test_a_score_that_cannot_be_had_is_absent_with_the_reason(bench) -> None:
    @priorsr.register("score", "weightless")
    class Weightless:
        kind = "score"
        higher_is_better = True

        def __init__(self) -> None:
            raise priorsr.errors.MissingWeightsError("weights.pth goes to ~/.cache")

    (record,) = bench("bicubic", scores=["weightless"])
    assert record.absent == {"weightless": "weights.pth goes to ~/.cache"}


@pytest.mark.parametrize("again", [False, True])
def test_a_score_that_a_record_has_is_not_said_to_be_absent_where_it_can_no_longer_be_had(bench, again) -> None:
    """A score of the set, whose weights are lost after it was computed; also where another one is added then."""

    @priorsr.register("score", "size")
    class Size:
        kind, level, higher_is_better = "score", "set", True
        lost = False

        def __init__(self) -> None:
            if self.lost:
                raise priorsr.errors.MissingWeightsError("size.pth is absent")

        def start(self) -> Size:
            self.count = 0.0
            return self

        def add(self, sr, hr) -> None:
            self.count += len(sr)

        def value(self) -> float:
            return self.count

        def warning(self) -> None:
            return None

    bench("bicubic", scores=["size"])
    Size.lost = True
    (record,) = bench("bicubic", scores=["size", *(["lr_consistency"] if again else [])])
    assert record.set_scores["size"].value == 5
    assert record.absent == {}
    assert ("lr_consistency" in record.scores) == again


def test_a_wrong_size_of_answer_is_told(bench, lr, hr) -> None:
    with pytest.raises(PriorsrError, match=r"the model Stored makes \(2, 3, 64, 64\) of LR images \(2, 3, 16, 16\)"):
        bench(Stored(lr, hr[..., :64, :64]))


def test_nan_is_told_with_the_image(bench, lr, hr) -> None:
    hr[3, 0, 5, 5] = math.nan
    with pytest.raises(PriorsrError, match="the model Stored makes NaN or infinity of the face 'cloud-3'"):
        bench(Stored(lr, hr))


@pytest.mark.parametrize("level", ["image", "set"])
def test_a_broken_score_ends_the_run_at_the_first_batch(bench, lr, hr, level) -> None:
    class Broken:
        kind = "score"
        higher_is_better = True

        seen = 0

        def __call__(self, sr, hr):
            Broken.seen += len(sr)
            return sr.mean((1, 2, 3)) * math.nan

        def start(self):
            return self

        def add(self, sr, hr):
            Broken.seen += len(sr)
            raise ValueError("no nose")

    Broken.level = level
    priorsr.register("score", f"broken-{level}")(Broken)
    sentence = {"image": "is NaN for the face 'cloud-0'", "set": "raises ValueError .* faces 'cloud-0' to 'cloud-1'"}
    with pytest.raises(PriorsrError, match=f"the score 'broken-{level}' {sentence[level]}"):
        bench(Stored(lr, hr), scores=[f"broken-{level}"])
    assert Broken.seen == 2


def test_a_score_with_both_infinities_has_no_mean(bench, lr, hr) -> None:
    @priorsr.register("score", "extreme")
    class Extreme:
        kind = "score"
        higher_is_better = True
        needs = ("ids",)

        def __call__(self, sr, hr, ids):
            return torch.tensor([math.inf if face == "cloud-0" else -math.inf for face in ids])

    with pytest.raises(PriorsrError, match="the score 'extreme' is ∞ for some faces and -∞ for others"):
        bench(Stored(lr, hr), scores=["extreme"])
