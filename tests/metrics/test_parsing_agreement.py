"""A face that is parsed as its HR image is agrees wholly; another face does not."""

from __future__ import annotations

from collections.abc import Hashable

import pytest
import torch
from torch import Tensor, nn

import priorsr
from priorsr import registry
from priorsr.containers import Prior
from priorsr.errors import OptionError
from priorsr.metrics.parsing_agreement import EyesAgreement, MouthAgreement, NoseAgreement, ParsingAgreement
from priorsr.priors import label_map


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


class Labels(nn.Module):
    """Parsing maps written into the picture: the red plane holds the class, in 1/255."""

    kind = "estimator"

    def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:
        classes = (images[:, 0] * 255).round().long()
        return Prior(parsing=torch.nn.functional.one_hot(classes, 19).movedim(-1, 1).float()), state


def test_parts_are_whole_regions() -> None:
    names = label_map("celebamask-19").classes
    left, right, nose, lip, mouth = map(names.index, ("left eye", "right eye", "nose", "upper lip", "mouth"))
    hr = torch.zeros(1, 3, 4, 4)
    hr[0, 0, 0], hr[0, 0, 1, :2], hr[0, 0, 2] = left / 255, nose / 255, mouth / 255
    sr = hr.clone()
    sr[0, 0, 0, 0] = right / 255  # an eye all the same
    sr[0, 0, 0, 3] = 0  # one of four eye pixels is lost
    sr[0, 0, 1, 1] = 0  # one of two nose pixels
    sr[0, 0, 2] = lip / 255  # a mouth all the same
    parts = {"eyes": EyesAgreement, "nose": NoseAgreement, "mouth": MouthAgreement}
    named = {part: priorsr.create("score", f"parsing_agreement_{part}", estimator=Labels) for part in parts}
    assert {part: score(sr, hr).item() for part, score in named.items()} == {"eyes": 3 / 4, "nose": 1 / 2, "mouth": 1}
    assert {part: type(score) for part, score in named.items()} == parts
    assert named["eyes"].networks == ("Labels",)


def test_a_part_that_neither_has_agrees() -> None:
    nothing, nose = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)
    nose[1, 0] = label_map("celebamask-19").classes.index("nose") / 255
    assert NoseAgreement(Labels)(nothing, nose).tolist() == [1, 0]


def test_scores_of_one_batch_share_its_parsing_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    """By an estimator that has a name; another batch, or an estimator that is a class, is parsed anew."""
    monkeypatch.setattr(registry, "_state", registry._State())
    asked = []

    @priorsr.register("estimator", "labels")
    class Counted(Labels):
        def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:
            asked.append(len(images))
            return super().forward(images, state)

    sr, hr = (torch.randint(0, 19, (2, 3, 4, 4), generator=torch.Generator().manual_seed(s)) / 255 for s in (0, 1))
    scores = [score(estimator="labels") for score in (ParsingAgreement, EyesAgreement, NoseAgreement)]
    alone = [score(sr, hr) for score in scores]
    assert len(asked) == 6
    shared: dict[Hashable, Tensor] = {}
    together = [score(sr, hr, shared=shared) for score in scores]
    assert len(asked) == 8
    assert all(map(torch.equal, together, alone))
    assert not torch.equal(scores[0](hr, sr, shared={}), scores[0](sr, sr, shared={}))
    ParsingAgreement(Counted)(sr, hr, shared=shared)
    assert len(asked) == 14
