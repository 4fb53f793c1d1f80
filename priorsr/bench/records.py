"""Records: what a model scored under one protocol on one split, with all that is needed to trust and repeat it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from priorsr.bench.model_facts import ModelFacts, TrainingFacts, short_hash
from priorsr.bench.score_facts import ExtraScoreFacts, ImageHashes, Score, SetScore, Statistics
from priorsr.bench.values import Count, Facts, Hash, Id
from priorsr.errors import PriorsrError
from priorsr.files import sha256_json

FORMAT: Literal[1] = 1


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
    def scores(self) -> tuple[str, ...]:
        """The names of its scores."""
        scores = self.scoring.get("scores")
        return tuple(scores) if isinstance(scores, dict) else ()

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


class Latency(Facts):
    """The median of warm runs, for a whole batch."""

    batch: Annotated[int, Field(ge=1)]
    milliseconds: float
    runs: Annotated[int, Field(ge=1)]


class Cost(Facts):
    """What the model costs. MACs and memory are of one image; measured as `priorsr.bench.running.profile` says."""

    parameters: Count
    macs: Count
    peak_memory_bytes: Count
    latency: tuple[Latency, ...]


class Execution(Facts):
    """How the model was run over the split: faces at once, and processes that shared them."""

    batch_size: Annotated[int, Field(ge=1)]
    processes: Annotated[int, Field(ge=1)]


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
        return short_hash({**self._all_but_protocol(), "protocol": self.protocol.hash})

    @property
    def outputs_id(self) -> str:
        """The id of the SR images, which protocols with the same reduction share."""
        return short_hash({**self._all_but_protocol(), "reduction": self.protocol.reduction_hash})

    def _all_but_protocol(self) -> dict[str, Any]:
        model, data, prior = self.model, self.data, self.prior
        return {
            "model": [
                *(model.distribution, model.name, model.config, model.weights_hash),
                *(model.precision, model.accelerated),
            ],
            "data": [data.hash, data.split],
            "prior": [prior.source, prior.by],
        }


class Record(Facts):
    """One model under one protocol on one split. A record that is impossible cannot be made.

    id: its identity's, and its file's name.
    images: by face, the hashes of the images that were scored.
    set_scores: scores of the split as a whole, such as FID. absent: scores that were asked for and left out, and why.
    judges: what made each score that is not the protocol's.
    kernel_backends: for each of `priorsr.kernels` that the model used, what ran it.
    outputs: the folder under `outputs/` that holds the SR images, if they were kept.
    scorer_version: of priorsr, whose scoring code made the numbers. scorer_hash: of that code; see
    `priorsr.bench.scorer`.
    """

    format: Literal[1]
    id: Id
    model: ModelFacts
    training: TrainingFacts
    protocol: ProtocolFacts
    data: DataFacts
    prior: PriorFacts
    images: dict[str, ImageHashes]
    scores: dict[str, Score]
    set_scores: dict[str, SetScore]
    judges: dict[str, ExtraScoreFacts]
    absent: dict[str, str]
    statistics: Statistics
    cost: Cost
    execution: Execution
    kernel_backends: dict[str, str]
    environment: Environment
    outputs: Id | None
    scorer_version: str
    scorer_hash: Hash
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
        if self.training.method != self.model.method:
            raise ValueError(
                f"training.method is {self.training.method!r}, and the model makes it {self.model.method!r}"
            )
        if len(self.images) != self.data.count:
            raise ValueError(f"images has {len(self.images)} faces, and the split has {self.data.count}")
        for name, score in self.scores.items():
            if score.per_image.keys() != self.images.keys():
                raise ValueError(f"scores.{name} is of other faces than images")
        beside = (self.scores.keys() | self.set_scores.keys()) - set(self.protocol.scores)
        if self.judges.keys() != beside:
            raise ValueError(f"judges are {sorted(self.judges)}; the scores beside the protocol's are {sorted(beside)}")
        return self


def check_same_inputs(records: Sequence[Record]) -> None:
    """Raise PriorsrError, naming the face, unless the records are of the same faces, and of the same HR and LR images.

    A set's name or a split's does not vouch for that: a face is paired by its id, and its images by their hashes.
    """
    first = records[0]
    for other in records[1:]:
        who = f"{first.data.name}: the records {first.id} and {other.id}"
        if first.images.keys() != other.images.keys():
            odd = sorted(first.images.keys() ^ other.images.keys())[0]
            raise PriorsrError(f"{who} are of different faces, such as {odd!r}; the same ones were expected")
        for face, ours in first.images.items():
            theirs = other.images[face]
            for which in ("hr", "lr"):
                if getattr(ours, which) != getattr(theirs, which):
                    raise PriorsrError(
                        f"{who} have different {which.upper()} images of the face {face!r}; the same ones were expected"
                    )


def record_schema() -> dict[str, Any]:
    """The JSON schema of a record."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Record.model_json_schema(mode="serialization"),
    }
