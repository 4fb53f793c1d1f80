"""A face set's manifest: what the set is, where it comes from, and the hash of every file."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    StringConstraints,
    model_validator,
)

from priorsr.data.names import LONGEST_FILE, flaw_of_name
from priorsr.errors import DataError, PriorsrError
from priorsr.priors import label_map, landmark_scheme
from priorsr.reading.json_files import read_facts
from priorsr.sources import Component

NAME = "manifest.json"
LANDMARKS = "landmarks.npz"


def _inside(path: str) -> str:
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise ValueError("a path inside the set was expected")
    for part in path.split("/"):
        if flaw := flaw_of_name(part, LONGEST_FILE):
            raise ValueError(f"{part!r} cannot be the name of a file: {flaw}")
    return path


RelativePath = Annotated[str, AfterValidator(_inside)]
Side = Annotated[int, Field(gt=0, strict=True)]
Size = tuple[Side, Side]  # (height, width)
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Provenance(_Frozen):
    """The origin of a prior: a tool, its version, and the hash of the weights that it ran with, if any.

    estimated_from: for an estimated prior, the images that the estimator saw; None for a known one.
    reduction, scale: of those images, if they were LR, enlarged. components: of the estimator.
    """

    tool: str
    version: str
    weights: str | None = None
    estimated_from: Literal["hr", "lr"] | None = None
    reduction: str | None = None
    scale: PositiveInt | None = None
    components: tuple[Component, ...] = ()

    @model_validator(mode="after")
    def _has_its_reduction(self) -> Self:
        if any((known is None) == (self.estimated_from == "lr") for known in (self.reduction, self.scale)):
            raise ValueError("a reduction and a scale were expected where estimated_from is lr, and only there")
        return self


class Manifest(_Frozen):
    """The description of a face set. Files and priors that contradict each other are refused.

    image_sizes: (height, width) of its images. original_sizes: those of the source's images, each once;
    `source` describes how they were resized. image_formats: how many were PNG, JPEG or WEBP there; a JPEG's traces stay
    in the HR image. label_map, landmark_scheme: names from `priorsr.priors`.
    made_from: a hash of the sources and options of the import, by which it recognises a finished set.
    """

    format: Literal[1] = 1
    name: str
    version: str = "1"
    source: str
    licence: str
    label_map: str
    landmark_scheme: str
    image_sizes: Annotated[tuple[Size, ...], Field(min_length=1)]
    original_sizes: tuple[Size, ...] = ()
    image_formats: dict[str, NonNegativeInt]
    priors: dict[Literal["parsing", "landmarks"], Provenance]
    made_from: Sha256
    files: dict[RelativePath, Sha256]

    @property
    def faces(self) -> list[str]:
        """Return the faces whose images the files list."""
        return self._listed("images/", ".png")

    @property
    def maps(self) -> list[str]:
        """Return the faces whose parsing maps the files list."""
        return self._listed("parsing/", ".png")

    @property
    def splits(self) -> list[str]:
        """Return the splits whose ids the files list."""
        return self._listed("splits/", ".txt")

    def _listed(self, part: str, suffix: str) -> list[str]:
        return [
            name.removeprefix(part).removesuffix(suffix)
            for name in sorted(self.files)
            if name.startswith(part) and name.endswith(suffix) and name.count("/") == 1
        ]

    @model_validator(mode="after")
    def _knows_its_priors(self) -> Self:
        for prior, there in (("parsing", bool(self.maps)), ("landmarks", LANDMARKS in self.files)):
            if there and prior not in self.priors:
                raise ValueError(f"priors names no tool that made the {prior} that files lists")
            if prior in self.priors and not there:
                raise ValueError(f"priors names a tool that made {prior}, of which files lists none")
        return self


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of the face set in `folder`; raises DataError naming the first thing that is wrong."""
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder; a face set was expected")
    path = folder / NAME
    if not path.exists():
        raise DataError(f"{folder}: is no face set, since it has no {NAME}; priorsr data import makes one")
    manifest = read_facts(path, Manifest, "the manifest")
    try:
        label_map(manifest.label_map)
        landmark_scheme(manifest.landmark_scheme)
    except PriorsrError as error:
        raise DataError(f"{path}: {error}") from error
    return manifest
