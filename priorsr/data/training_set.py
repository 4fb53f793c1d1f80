"""A face set as the cards of weights and records name it, once something has been trained on it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from priorsr.data.face_set import FaceSet
from priorsr.data.manifest import Provenance, Sha256


class TrainingSet(BaseModel):
    """Faces that a model was trained on: `count` of them, the split `split` of the face set with the hash `hash`.

    weight: how often a face is drawn, relative to a face of a set of weight 1. priors: what made each prior that the
    set has.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: str
    version: str
    hash: Sha256
    split: str
    count: Annotated[int, Field(ge=1)]
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    priors: dict[Literal["parsing", "landmarks"], Provenance]

    @classmethod
    def of(cls, faces: FaceSet, split: str = "train", weight: float = 1.0) -> Self:
        """Describe a split of a face set; raises UnknownNameError if there is no such split."""
        manifest = faces.manifest
        return cls(
            name=manifest.name,
            version=manifest.version,
            hash=faces.hash,
            split=split,
            count=len(faces.ids(split)),
            weight=weight,
            priors=manifest.priors,
        )

    def __str__(self) -> str:
        weight = "" if self.weight == 1 else f" x {self.weight:g}"
        return f"{self.name} {self.version} {self.split}{weight} ({self.hash[:12]})"
