from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from priorsr.containers import Prior
from priorsr.data import FaceSet, Reduction, TrainingSet
from priorsr.data.estimated import estimate_priors
from priorsr.data.reduction import reduce
from priorsr.errors import DataError, OptionError
from priorsr.estimators.parsing_net import ParsingNet
from priorsr.models import enlarge, weights_hash
from priorsr.pretrained import UNTRAINED
from priorsr.sources import source_hash


class Points(nn.Module):
    """68 landmarks at the mean of each image, of which the first is not known."""

    kind = "estimator"

    def __init__(self, stops_at: int | None = None) -> None:
        super().__init__()
        self.calls, self.stops_at = 0, stops_at

    def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:
        if self.calls == self.stops_at:
            raise KeyboardInterrupt
        self.calls += 1
        landmarks = images.mean((1, 2, 3))[:, None, None].expand(-1, 68, 2)
        valid = torch.ones(len(images), 68, dtype=torch.bool)
        valid[:, 0] = False
        return Prior(landmarks=landmarks, valid=valid), None


@pytest.fixture
def net() -> ParsingNet:
    torch.manual_seed(0)
    return ParsingNet((8, 8), 64, UNTRAINED).eval()


@pytest.fixture
def faces(tiny_faces: Path) -> FaceSet:
    return FaceSet.open(tiny_faces)


def tensor(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(pixels.transpose(2, 0, 1)[None] / np.float32(255))


def test_the_copy_has_the_estimated_priors_and_no_others(faces: FaceSet, net: ParsingNet, tmp_path: Path) -> None:
    before = faces.hash
    made = estimate_priors(faces, tmp_path / "out", [net])
    assert made.splits == faces.splits
    for split in faces.splits:
        assert made.ids(split) == faces.ids(split)
    face = faces.ids("val")[0]
    assert np.array_equal(made.image(face), faces.image(face))
    with torch.no_grad():
        expected = net(tensor(faces.image(face)))[0].parsing[0].argmax(0)
    assert np.array_equal(made.parsing(face), expected)
    assert not made.has_landmarks  # the known ones are no estimate
    maker = made.manifest.priors["parsing"]
    assert (maker.tool, maker.weights) == ("parsing_net", weights_hash(net))
    assert (maker.estimated_from, maker.reduction, maker.scale) == ("hr", None, None)
    assert made.verify() == []
    assert FaceSet.open(faces.path).hash == before
    assert faces.manifest.priors["parsing"].estimated_from is None


def test_from_lr_the_estimator_sees_the_enlarged_lr_image(faces: FaceSet, net: ParsingNet, tmp_path: Path) -> None:
    reduction = Reduction(scale=4, kernel="bilinear-chain")
    made = estimate_priors(faces, tmp_path / "out", [net], seen="lr", reduction=reduction)
    face = faces.ids("test")[1]
    low = enlarge(tensor(reduce(faces.image(face), 4, "bilinear-chain")), 4).clamp(0, 1)
    with torch.no_grad():
        expected = net(low)[0].parsing[0].argmax(0)
    assert np.array_equal(made.parsing(face), expected)
    maker = made.manifest.priors["parsing"]
    assert (maker.estimated_from, maker.reduction, maker.scale) == ("lr", "bilinear-chain", 4)
    assert "estimated from LR" in made.manifest.source


def test_what_is_enlarged_stays_an_image(faces: FaceSet, tmp_path: Path) -> None:
    seen: list[Tensor] = []

    class Looks(Points):
        def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:
            seen.append(images)
            return super().forward(images)

    estimate_priors(faces, tmp_path / "out", [Looks()], seen="lr")
    overshot = [enlarge(tensor(reduce(faces.image(face), 8, "pil-bicubic")), 8) for face in faces.ids("train")]
    assert min(images.min() for images in overshot) < 0
    assert min(images.min() for images in seen) == 0


def test_several_estimators_share_the_work(faces: FaceSet, net: ParsingNet, tmp_path: Path) -> None:
    made = estimate_priors(faces, tmp_path / "out", [net, Points()])
    found = made.landmarks(faces.ids("val")[0])
    assert found is not None
    assert found[1].tolist() == [False] + [True] * 67
    assert found[0][1] == pytest.approx(faces.image(faces.ids("val")[0]).mean() / 255, rel=1e-4)
    assert made.manifest.priors["landmarks"].tool.endswith("Points")
    with pytest.raises(OptionError, match="two of the estimators find landmarks"):
        estimate_priors(faces, tmp_path / "second", [Points(), Points()])


def test_landmarks_can_be_read_off_the_estimated_maps(faces: FaceSet, net: ParsingNet, tmp_path: Path) -> None:
    made = estimate_priors(faces, tmp_path / "out", [net], landmarks="from-parsing")
    maker = made.manifest.priors["landmarks"]
    assert maker.tool == "priorsr.priors.landmarks_from_parsing"
    assert maker.estimated_from == "hr"
    with pytest.raises(OptionError, match="need an estimator of parsing maps"):
        estimate_priors(faces, tmp_path / "second", [Points()], landmarks="from-parsing")


def test_an_interrupted_call_is_taken_up_again(faces: FaceSet, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        estimate_priors(faces, tmp_path / "out", [Points(stops_at=6)])
    again = Points()
    made = estimate_priors(faces, tmp_path / "out", [again])
    assert again.calls < 1 + 12  # the first look, and what was left
    assert made.hash == estimate_priors(faces, tmp_path / "whole", [Points()]).hash
    assert estimate_priors(faces, tmp_path / "out", [Points()]).hash == made.hash


def test_an_estimated_prior_names_the_code_that_made_it(faces: FaceSet, net: ParsingNet, tmp_path: Path) -> None:
    made = estimate_priors(faces, tmp_path / "out", [net])
    (part,) = FaceSet.open(made.path).manifest.priors["parsing"].components
    assert (part.used_for, part.kind, part.name, part.distribution) == ("prior", "estimator", "parsing_net", "priorsr")
    assert part.hash == source_hash("estimator", ParsingNet)
    assert TrainingSet.of(made).components == [replace(part, used_for="training")]


def test_nothing_is_overwritten(faces: FaceSet, net: ParsingNet, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds a finished face set made from other files or options"):
        estimate_priors(faces, faces.path, [net])
    estimate_priors(faces, tmp_path / "out", [net])
    with pytest.raises(DataError, match="holds a finished face set"):
        estimate_priors(faces, tmp_path / "out", [net], seen="lr")


def test_mistakes(faces: FaceSet, tmp_path: Path) -> None:
    class Blank(Points):
        def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:
            return Prior(heatmaps=images), None

    with pytest.raises(OptionError, match="neither parsing maps nor landmarks"):
        estimate_priors(faces, tmp_path / "out", [Blank()])
    with pytest.raises(OptionError, match="estimated from 'sr'; 'hr' or 'lr'"):
        estimate_priors(faces, tmp_path / "out", [Points()], seen="sr")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="to see HR images, and blind by 8 makes LR images"):
        estimate_priors(faces, tmp_path / "out", [Points()], reduction=Reduction(kernel="blind"))
    with pytest.raises(OptionError, match="pil-bicubic by 4 makes LR"):
        estimate_priors(faces, tmp_path / "out", [Points()], reduction=Reduction(scale=4))
    with pytest.raises(OptionError, match="cannot run on the device 'abacus'"):
        estimate_priors(faces, tmp_path / "out", [Points()], device="abacus")
