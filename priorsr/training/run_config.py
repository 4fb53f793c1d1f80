"""Read the config of a run from its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from priorsr.execution.threads import MOST_THREADS
from priorsr.reading.json_files import read_facts

Steps = Annotated[int, Field(ge=1)]


class _Faces(BaseModel):
    """A face set of the training data; other fields are allowed."""

    model_config = ConfigDict(strict=True, extra="allow")

    name: str
    hash: str
    weight: float = 1.0


class _Pairs(BaseModel):
    """A Dataset of pairs of the training data; other fields are allowed."""

    model_config = ConfigDict(strict=True, extra="allow")

    name: str
    count: int
    lr: list[int]
    hr: list[int]
    priors: list[str]
    fingerprint: str | None
    weight: float


class _RunConfig(BaseModel):
    """The settings and circumstances that a run's numbers may depend on; other fields are allowed."""

    model_config = ConfigDict(strict=True, extra="allow")

    recipe: str
    preset: str | None
    overrides: dict[str, JsonValue]
    steps: Steps | None
    minutes: float | None
    seed: int
    precision: str
    channels_last: bool
    validate_every: Steps | None
    config: dict[str, JsonValue]
    data: Annotated[list[_Faces | _Pairs], Field(min_length=1)] | _Faces
    validation: _Faces | _Pairs | None = None
    stage_steps: Annotated[dict[str, Steps], Field(min_length=1)]
    torchelastic_run: str | None
    threads: Annotated[int, Field(ge=1, le=MOST_THREADS)]
    device: str
    versions: dict[str, str]


def read_run_config(path: Path) -> dict[str, Any]:
    """Read a run's config; raises DataError naming the file and the first field that is wrong."""
    config = read_facts(path, _RunConfig, "the run's config").model_dump()
    if isinstance(config["data"], dict):  # older runs, on one set
        config["data"] = [config["data"]]
    return config
