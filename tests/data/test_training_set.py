from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from priorsr.data import FaceSet, TrainingSet
from priorsr.errors import UnknownNameError


def test_a_training_set_names_a_split_and_what_made_its_priors(tiny_faces: Path) -> None:
    faces = FaceSet.open(tiny_faces)
    known = TrainingSet.of(faces, weight=2)
    assert (known.name, known.split, known.count, known.weight) == (faces.manifest.name, "train", 7, 2.0)
    assert known.hash == faces.hash
    assert known.priors["parsing"].tool == "priorsr.data.synth"
    assert str(known) == f"{known.name} {known.version} train x 2 ({faces.hash[:12]})"
    assert TrainingSet.model_validate(known.model_dump(mode="json")) == known
    with pytest.raises(UnknownNameError, match="there is no split 'trian'; did you mean 'train'"):
        TrainingSet.of(faces, "trian")


@pytest.mark.parametrize("change", [{"count": 0}, {"weight": float("inf")}, {"hash": "0"}, {"path": "/faces"}])
def test_what_is_no_training_set_is_refused(tiny_faces: Path, change) -> None:
    content = TrainingSet.of(FaceSet.open(tiny_faces)).model_dump(mode="json")
    with pytest.raises(ValidationError, match=next(iter(change))):
        TrainingSet.model_validate({**content, **change})
