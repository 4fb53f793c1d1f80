"""A face set as the cards of weights and records name it, once something has been trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from priorsr.bounds import MOST
from priorsr.data.face_set import FaceSet
from priorsr.data.manifest import Provenance, Sha256
from priorsr.errors import OptionError
from priorsr.sources import Component

TrainingData = str | Path | FaceSet | Sequence[str | Path | FaceSet | tuple[str | Path | FaceSet, float]]
"""What a training is given: a face set or several, each as a folder, as FOLDER=WEIGHT, opened, or with its weight."""


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

    @property
    def components(self) -> list[Component]:
        """Return the components that made its priors, as far as the set records them."""
        return [replace(part, used_for="training") for prior in self.priors.values() for part in prior.components]

    def __str__(self) -> str:
        weight = "" if self.weight == 1 else f" x {self.weight:g}"
        return f"{self.name} {self.version} {self.split}{weight} ({self.hash[:12]})"


def open_training_data(data: TrainingData) -> list[tuple[FaceSet, float]]:
    """Open the face sets to train on, each with its weight, 1 unless given.

    A folder whose name ends in =NUMBER is taken as it is where it exists. Raises OptionError where there is no set, or
    the same one twice, and DataError for one that cannot be opened.
    """
    several = [data] if isinstance(data, str | Path | FaceSet) else list(data)
    opened = [_open(*(given if isinstance(given, tuple) else _split(given))) for given in several]
    if not opened:
        raise OptionError("no face set was given to train on; one or more were expected")
    by_hash: dict[str, FaceSet] = {}
    for faces, _ in opened:
        twin = by_hash.setdefault(faces.hash, faces)
        if twin is not faces:
            raise OptionError(
                f"{faces.path}: holds the same faces as {twin.path}; each set once was expected "
                f"({faces.path}=2 draws its faces twice as often)"
            )
    return opened


def _open(given: str | Path | FaceSet, weight: float) -> tuple[FaceSet, float]:
    if not 0 < weight <= MOST:
        raise OptionError(f"{given}: the weight is {weight}; a number above 0, and of at most {MOST}, was expected")
    return given if isinstance(given, FaceSet) else FaceSet.open(given), weight


def _split(given: str | Path | FaceSet) -> tuple[str | Path | FaceSet, float]:
    """Split FOLDER=WEIGHT into the two; without a weight, it is 1."""
    folder, equals, weight = str(given).rpartition("=")
    if isinstance(given, FaceSet) or not equals or Path(given).exists():
        return given, 1.0
    try:
        return folder, float(weight)
    except ValueError:
        raise OptionError(f"the face set {given}: the weight is {weight!r}; a number above 0 was expected") from None
