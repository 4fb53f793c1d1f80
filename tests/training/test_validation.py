from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
import torch
import toys
from accelerate import Accelerator
from torch import Tensor

from priorsr.containers import Prior, SROutput
from priorsr.data import FaceLoader, FaceSet, Reduction
from priorsr.errors import DataError
from priorsr.training.validation import Validator
from priorsr.training.validation_scores import prior_given


class Witness(toys.Toy):
    """Remembers whether it was given a prior."""

    given: ClassVar[list[bool]] = []

    def forward(self, lr: Tensor, prior: Prior | None = None) -> SROutput:
        self.given.append(prior is not None)
        return super().forward(lr)


@pytest.mark.parametrize(("declared", "given"), [("none", "none"), ("optional", "none"), ("required", "ground-truth")])
def test_only_a_model_that_requires_a_prior_is_given_the_truth(
    tiny_faces: Path, monkeypatch: pytest.MonkeyPatch, declared: str, given: str
) -> None:
    monkeypatch.setattr(Witness, "prior", declared)
    monkeypatch.setattr(Witness, "given", [])
    model = Witness(toys.ToyConfig())
    validator = Validator(FaceSet.open(tiny_faces), Reduction(scale=4), Accelerator(cpu=True))
    assert validator.score(model).faces == 3
    assert Witness.given == [given == "ground-truth"]
    assert prior_given(model) == given


def test_the_protocol_is_that_of_the_faces(tiny_faces: Path) -> None:
    validator = Validator(FaceSet.open(tiny_faces), Reduction(scale=4), Accelerator(cpu=True))
    assert validator.protocol.id == "priorsr@1 (adapted to 64 px)"
    assert (validator.protocol.reduction.scale, validator.protocol.reduction.kernel) == (4, "pil-bicubic")


class Oracle(torch.nn.Module):
    """Knows the faces of val, and says of each what it is made to."""

    kind = "estimator"

    def __init__(self, faces: Path, change) -> None:
        super().__init__()
        batch = next(FaceLoader(FaceSet.open(faces), "val", batch_size=3).in_order())
        self.hr, self.prior, self.change = batch.hr, batch.prior, change

    def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:
        places = [int((self.hr - image).abs().sum((1, 2, 3)).argmin()) for image in images]
        return self.change(Prior(*(None if part is None else part[places] for part in self.prior))), state


def test_an_estimator_is_scored_by_what_the_set_knows(tiny_faces: Path) -> None:
    validator = Validator(FaceSet.open(tiny_faces), Reduction(), Accelerator(cpu=True))
    perfect = validator.score(Oracle(tiny_faces, lambda prior: prior))
    assert (perfect.score, perfect.value, perfect.faces, perfect.references) == ("parsing_iou", pytest.approx(1), 3, {})
    blank = validator.score(Oracle(tiny_faces, lambda prior: prior._replace(parsing=torch.ones_like(prior.parsing))))
    assert blank.value < 0.2
    beside = Oracle(tiny_faces, lambda prior: Prior(landmarks=prior.landmarks + torch.tensor([6.4, 0.0])))
    assert validator.score(beside).score == "nme"
    assert 0.05 < validator.score(beside).value < 0.3  # 6.4 px, of a face in 64
    assert validator.strip(beside, "a title").width > 500


class Normalised(torch.nn.Module):
    """Estimates 68 landmarks, with statistics that training gathers."""

    kind = "estimator"

    def __init__(self) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm2d(3)

    def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:
        return Prior(landmarks=self.norm(images).flatten(1)[:, :136].unflatten(1, (68, 2))), state


def test_validation_leaves_what_it_validates_alone(tiny_faces: Path) -> None:
    validator = Validator(FaceSet.open(tiny_faces), Reduction(), Accelerator(cpu=True))
    product = Normalised().train()
    before = {name: tensor.clone() for name, tensor in product.state_dict().items()}
    validator.score(product)
    validator.strip(product, "a title")
    assert all(torch.equal(tensor, before[name]) for name, tensor in product.state_dict().items())
    assert product.training


def test_an_estimator_of_what_the_set_does_not_know_is_refused(tiny_faces: Path) -> None:
    validator = Validator(FaceSet.open(tiny_faces), Reduction(), Accelerator(cpu=True))
    with pytest.raises(DataError, match="the estimator Oracle returns neither parsing nor landmarks, and the"):
        validator.score(Oracle(tiny_faces, lambda prior: Prior(heatmaps=torch.ones(len(prior.parsing), 68, 16, 16))))
