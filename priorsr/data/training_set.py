"""Open training data, and describe them for the cards of weights and for records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field
from torch.utils.data import DataLoader, Dataset

from priorsr.bounds import MOST
from priorsr.data.dataset_pairs import Pairs
from priorsr.data.face_set import FaceSet
from priorsr.data.manifest import Manifest, Provenance, Sha256
from priorsr.data.shards.shard_folder import is_url
from priorsr.data.shards.shard_index import ShardIndex
from priorsr.data.shards.shard_set import ShardSet, holds_shards
from priorsr.errors import OptionError
from priorsr.sources import Component

OpenedSource = FaceSet | ShardSet | Pairs

Source = str | Path | OpenedSource | Dataset[Any]
"""A face set, as a folder or opened; shards, as a folder, an index, a URL, or opened; or a torch Dataset of pairs
(see `priorsr.data.Pairs`)."""

TrainingData = Source | Sequence[Source | tuple[Source, float]]
"""One source of faces to train on, or several, each alone, with its weight, or as FOLDER=WEIGHT."""


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
    def of(cls, faces: FaceSet | ShardSet, split: str = "train", weight: float = 1.0) -> Self:
        """Describe a split of a face set or its shards; raises UnknownNameError if there is no such split."""
        about: Manifest | ShardIndex
        if isinstance(faces, ShardSet):
            about, digest, count = faces.index, faces.index.face_set, faces.split(split).faces
        else:
            about, digest, count = faces.manifest, faces.hash, len(faces.ids(split))
        return cls(
            name=about.name,
            version=about.version,
            hash=digest,
            split=split,
            count=count,
            weight=weight,
            priors=about.priors,
        )

    @property
    def components(self) -> list[Component]:
        """Return the components that made its priors, as far as the set records them."""
        return [replace(part, used_for="training") for prior in self.priors.values() for part in prior.components]

    def __str__(self) -> str:
        weight = "" if self.weight == 1 else f" x {self.weight:g}"
        return f"{self.name} {self.version} {self.split}{weight} ({self.hash[:12]})"


class TrainingPairs(BaseModel):
    """Pairs that a model was trained on, `count` of them, from the Dataset called `name`. Their content is not hashed.

    lr, hr: height and width of the images. priors: the parts that items have. fingerprint: of a few items, to recognise
    the Dataset by; None for one whose items differ from time to time.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: str
    count: Annotated[int, Field(ge=1)]
    lr: tuple[int, int]
    hr: tuple[int, int]
    priors: tuple[str, ...]
    fingerprint: Sha256 | None
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0

    @classmethod
    def of(cls, pairs: Pairs, weight: float = 1.0) -> Self:
        """Describe a Dataset of pairs."""
        return cls(
            name=pairs.name,
            count=len(pairs),
            lr=pairs.lr_size,
            hr=pairs.size,
            priors=pairs.priors,
            fingerprint=pairs.fingerprint(),
            weight=weight,
        )

    @property
    def components(self) -> list[Component]:
        """Return no component, since a Dataset does not declare what made its priors."""
        return []

    def __str__(self) -> str:
        weight = "" if self.weight == 1 else f" x {self.weight:g}"
        return f"{self.name}, {self.count} pairs{weight} (unhashed, as declared)"


def describe(source: OpenedSource, split: str = "train", weight: float = 1.0) -> TrainingSet | TrainingPairs:
    """Return the description of a split of a face set or its shards, or of a Dataset of pairs."""
    return TrainingPairs.of(source, weight) if isinstance(source, Pairs) else TrainingSet.of(source, split, weight)


def open_training_data(data: TrainingData) -> list[tuple[OpenedSource, float]]:
    """Open the face sets, shards and Datasets to train on, each with its weight, 1 unless given.

    A folder whose name ends in =NUMBER is taken as it is where it exists. Raises OptionError where there is nothing, or
    the same twice, or something else, also for shards beside other data; DataError for what cannot be opened.
    """
    one = str | Path | OpenedSource | Dataset
    several = [data] if isinstance(data, one) or not isinstance(data, Sequence) else data
    opened = [_open(*(_weighted(given) if isinstance(given, tuple) else _split(given))) for given in several]
    if not opened:
        raise OptionError("no face set was given to train on; one or more were expected")
    for source, weight in opened:
        if isinstance(source, ShardSet) and (len(opened) > 1 or weight != 1):
            raise OptionError(
                f"{source}: shards are read in their own order, so they cannot be mixed or weighted; "
                "shards alone, or face sets, were expected"
            )
    seen: dict[object, FaceSet | Pairs] = {}
    for source, _ in opened:
        if isinstance(source, ShardSet):
            continue
        twin = seen.setdefault(source.hash if isinstance(source, FaceSet) else id(source.dataset), source)
        if twin is source:
            continue
        if isinstance(source, Pairs) or isinstance(twin, Pairs):
            raise OptionError(
                f"{source}: is given twice; each once was expected ((DATASET, 2.0) draws it twice as often)"
            )
        raise OptionError(
            f"{source.path}: holds the same faces as {twin.path}; each set once was expected "
            f"({source.path}=2 draws its faces twice as often)"
        )
    return opened


def open_source(given: Any) -> OpenedSource:
    """Open a face set, shards, or a Dataset of pairs; raises OptionError for anything else."""
    if isinstance(given, OpenedSource):
        return given
    if isinstance(given, Dataset):
        return Pairs(given)
    if isinstance(given, str | Path):
        return ShardSet.open(given) if holds_shards(given) else FaceSet.open(given)
    hint = "; give the Dataset that it reads" if isinstance(given, DataLoader) else ""
    raise OptionError(
        f"the training data hold a {type(given).__module__}.{type(given).__qualname__}; a face set or shards, their "
        f"folder, or a torch.utils.data.Dataset of (lr, hr) or (lr, hr, Prior) was expected{hint}"
    )


def _open(given: Source, weight: float) -> tuple[OpenedSource, float]:
    source = open_source(given)
    if not 0 < weight <= MOST:
        who = source if isinstance(source, Pairs) else given
        raise OptionError(f"{who}: the weight is {weight}; a number above 0, and of at most {MOST}, was expected")
    return source, weight


def _weighted(given: tuple[Any, ...]) -> tuple[Source, float]:
    """Return a source and its weight from a tuple of both."""
    match given:
        case (source, int() | float() as weight) if not isinstance(weight, bool):
            return source, weight
    kinds = ", ".join(type(part).__qualname__ for part in given)
    raise OptionError(
        f"the training data hold a tuple of ({kinds}); (face set or Dataset, weight) was expected, and pairs in a "
        "torch.utils.data.Dataset"
    )


def _split(given: Source) -> tuple[Source, float]:
    """Split FOLDER=WEIGHT into the two; without a weight, it is 1."""
    if not isinstance(given, str | Path):
        return given, 1.0
    folder, equals, weight = str(given).rpartition("=")
    if not equals or Path(given).exists():
        return given, 1.0
    try:
        return folder, float(weight)
    except ValueError:
        if is_url(given):  # which may hold = anywhere
            return given, 1.0
        raise OptionError(f"the face set {given}: the weight is {weight!r}; a number above 0 was expected") from None
