from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
import toys
from accelerate import Accelerator
from torch import Tensor

from priorsr.data import FaceSet
from priorsr.training.validation import Validator, prior_given
from priorsr.types import Prior, SROutput


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
    validator = Validator(FaceSet.open(tiny_faces), 4, "pil-bicubic", Accelerator(cpu=True))
    assert validator.score(model).faces == 3
    assert Witness.given == [given == "ground-truth"]
    assert prior_given(model) == given


def test_the_protocol_is_that_of_the_faces(tiny_faces: Path) -> None:
    validator = Validator(FaceSet.open(tiny_faces), 4, "pil-bicubic", Accelerator(cpu=True))
    assert validator.protocol.id == "priorsr@1 (adapted to 64 px)"
    assert (validator.protocol.reduction.scale, validator.protocol.reduction.kernel) == (4, "pil-bicubic")
