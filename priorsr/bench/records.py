"""Records: what a model scored under one protocol on one split, with all that is needed to trust and repeat it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from priorsr.files import sha256_json

FORMAT: Literal[1] = 1

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Count = Annotated[int, Field(ge=0)]


def _from_json(value: object) -> object:
    return {"inf": math.inf, "-inf": -math.inf}.get(value, value) if isinstance(value, str) else value


def _to_json(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _refuse_nan(value: float) -> float:
    if math.isnan(value):
        raise ValueError("a number or infinity was expected")
    return value


Value = Annotated[
    float,
    BeforeValidator(_from_json),
    AfterValidator(_refuse_nan),
    PlainSerializer(_to_json),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"enum": ["inf", "-inf"]}]}),
]
"""A score: any number but NaN. JSON has no infinity (the PSNR of identical images), so it is the string "inf" there."""


class Facts(BaseModel):
    """A part of a file that a benchmark writes: its types are strict, and no other field is allowed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ModelFacts(Facts):
    """Which model. `label` is what tables call it; distribution, name, config and weights make it what it is."""

    label: str
    distribution: str
    name: str
    version: str
    weights_hash: Hash
    config: dict[str, JsonValue]
    card: dict[str, JsonValue]


class TrainingFacts(Facts):
    """What the model's card declares: data sets, and networks that took part in training. Nothing is assumed."""

    data: tuple[str, ...] | Literal["unknown"]
    networks: tuple[str, ...] | Literal["unknown"]


class ProtocolFacts(Facts):
    """Which protocol.

    reduction, scoring: its two halves as resolved, whose hash is `hash`. description, notes: its prose.
    adapted_from: the HR size of the published file, where the set's is another.
    """

    id: str
    hash: Hash
    adapted_from: int | None
    description: str
    notes: tuple[str, ...]
    reduction: dict[str, JsonValue]
    scoring: dict[str, JsonValue]

    @property
    def reduction_hash(self) -> str:
        """SHA-256 of the reduction half."""
        return sha256_json(self.reduction)

    @model_validator(mode="after")
    def _hash_is_of_the_content(self) -> ProtocolFacts:
        expected = sha256_json({"reduction": self.reduction, "scoring": self.scoring})
        if self.hash != expected:
            raise ValueError(f"hash is {self.hash}, and its reduction and scoring make it {expected}")
        return self


class DataFacts(Facts):
    """Which faces: `hash` is the set's, `count` the images of the split."""

    name: str
    version: str
    licence: str
    hash: Hash
    split: str
    count: Annotated[int, Field(ge=1)]


class PriorFacts(Facts):
    """What the model was given beside the LR image; `by` names the estimator or the tool that made it.

    "corrupted" is a ground truth made worse; `by` says how.
    """

    source: Literal["none", "estimated-from-lr", "ground-truth", "estimated-from-hr", "corrupted"]
    by: str | None

    @property
    def beyond_lr(self) -> bool:
        """Whether it was made of more than the LR image; such rows are never ranked with the others."""
        return self.source not in ("none", "estimated-from-lr")


class Score(Facts):
    """A score of the images.

    value: the split's score as the protocol aggregates it; it is `mean` except where a protocol pools images.
    mean, interval95: of the per-image values; no interval for one image, or where a value is infinite.
    """

    value: Value
    mean: Value
    interval95: tuple[Value, Value] | None
    unit: Literal["dB", ""]
    higher_is_better: bool
    per_image: dict[str, Value]

    @model_validator(mode="after")
    def _mean_is_of_the_images(self) -> Score:
        mean = sum(self.per_image.values()) / len(self.per_image) if self.per_image else math.nan
        if not (self.mean == mean or math.isclose(self.mean, mean, rel_tol=1e-9, abs_tol=1e-12)):
            raise ValueError(f"mean is {self.mean}, and the images' mean is {mean}")
        return self


class Statistics(Facts):
    """How the intervals were made."""

    interval: Literal["percentile bootstrap over images"]
    resamples: Count
    seed: int


class Latency(Facts):
    """The median of warm runs, for a whole batch."""

    batch: Annotated[int, Field(ge=1)]
    milliseconds: float
    runs: Annotated[int, Field(ge=1)]


class Cost(Facts):
    """What the model costs. MACs and memory are of one image; see `priorsr.bench.profile` for how each is measured."""

    parameters: Count
    macs: Count
    peak_memory_bytes: Count
    latency: tuple[Latency, ...]
    precision: Literal["float32"]


class Environment(Facts):
    """Where it ran. Latencies are compared within one environment only."""

    device: str
    cpu: str
    gpu: str | None
    threads: Annotated[int, Field(ge=1)]
    os: str
    python: str
    torch: str


class Identity(NamedTuple):
    """All that determines a result."""

    model: ModelFacts
    protocol: ProtocolFacts
    data: DataFacts
    prior: PriorFacts

    @property
    def record_id(self) -> str:
        """The id of the record."""
        return _short({**self._all_but_protocol(), "protocol": self.protocol.hash})

    @property
    def outputs_id(self) -> str:
        """The id of the SR images, which protocols with the same reduction share."""
        return _short({**self._all_but_protocol(), "reduction": self.protocol.reduction_hash})

    def _all_but_protocol(self) -> dict[str, Any]:
        model, data, prior = self.model, self.data, self.prior
        return {
            "model": [model.distribution, model.name, model.config, model.weights_hash],
            "data": [data.hash, data.split],
            "prior": [prior.source, prior.by],
        }


class Record(Facts):
    """One model under one protocol on one split. A record that is impossible cannot be made.

    id: its identity's, and its file's name.
    set_scores: scores of the split as a whole, such as FID. absent: scores that were asked for and left out, and why.
    outputs: the folder under `outputs/` that holds the SR images, if they were kept.
    scorer_version: of priorsr, whose scoring code made the numbers.
    """

    format: Literal[1]
    id: Id
    model: ModelFacts
    training: TrainingFacts
    protocol: ProtocolFacts
    data: DataFacts
    prior: PriorFacts
    scores: dict[str, Score]
    set_scores: dict[str, Value]
    absent: dict[str, str]
    statistics: Statistics
    cost: Cost
    kernel_backend: str
    environment: Environment
    outputs: Id | None
    scorer_version: str
    created: AwareDatetime
    command: str | None

    @property
    def identity(self) -> Identity:
        """All that determines the result."""
        return Identity(self.model, self.protocol, self.data, self.prior)

    @model_validator(mode="after")
    def _is_of_one_piece(self) -> Record:
        expected = self.identity.record_id
        if self.id != expected:
            raise ValueError(f"id is {self.id!r}, and its model, protocol, data and prior make it {expected!r}")
        images = {name: score.per_image.keys() for name, score in self.scores.items()}
        for name, ids in images.items():
            if len(ids) != self.data.count:
                raise ValueError(f"scores.{name} has {len(ids)} images, and the split has {self.data.count}")
            if ids != next(iter(images.values())):
                raise ValueError(f"scores.{name} is of other images than scores.{next(iter(images))}")
        return self


def record_schema() -> dict[str, Any]:
    """The JSON schema of a record."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Record.model_json_schema(mode="serialization"),
    }


def _short(identity: Mapping[str, Any]) -> str:
    return sha256_json(identity)[:16]
