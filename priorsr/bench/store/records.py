"""Records: the scores of a model under one protocol on one split, with everything needed to verify and repeat them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import getdoc
from math import isclose
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AwareDatetime, WithJsonSchema, model_validator

from priorsr.bench.statistics.means import interval_of_images
from priorsr.bench.store.model_facts import ModelFacts, TrainingFacts, short_hash
from priorsr.bench.store.run_facts import Cost, DataFacts, Environment, Execution, PriorFacts, ProtocolFacts
from priorsr.bench.store.score_facts import (
    BootstrapStatistics,
    ExtraScoreFacts,
    ImageHashes,
    RecordedScore,
    RecordedSetScore,
    Statistics,
)
from priorsr.bench.store.values import Hash, Id, Links, RecordPart
from priorsr.errors import PriorsrError
from priorsr.files import sha256_json
from priorsr.sources import Component

FORMAT: Literal[2] = 2


class ResultIdentity(NamedTuple):
    """Everything that determines a result.

    images: for images that were made elsewhere, a hash of all of them, since nothing else identifies them.
    """

    model: ModelFacts
    protocol: ProtocolFacts
    data: DataFacts
    prior: PriorFacts
    images: str | None = None

    @property
    def record_id(self) -> str:
        """Return the id of the record."""
        return short_hash({**self._all_but_protocol(), "protocol": self.protocol.hash})

    @property
    def outputs_id(self) -> str:
        """Return the id of the SR images, which protocols with the same reduction share."""
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
            **({} if self.images is None else {"images": self.images}),
        }


class Record(RecordPart):
    """The scores of one model under one protocol on one split; contradictory values raise an error.

    format: 2; 1 for a record that was read from a file of that format, see `priorsr.bench.store.format_1`.
    id: its identity's, and its file's name.
    origin: "run" if the model was run here; "images" if its images were made elsewhere, so that weights, cost and
        execution are unknown.
    components: the components that took part, see `priorsr.sources`; not part of the id. "unknown" in format 1.
    links: paper and code.
    images: by face, the hashes of the images that were scored.
    set_scores: scores of the whole split, such as FID. absent: requested scores that were left out, with the reason.
    extra_scores: the origin of each score that is not the protocol's.
    kernel_backends: the backend of each of `priorsr.kernels` that the model used.
    environment: of the model's run or, without one, of the scoring.
    outputs: the folder under `outputs/` that holds the SR images, if they were kept.
    statistics: the rule of the intervals, which reading checks unless it is the older one.
    scorer_version: of priorsr, whose scoring code made the numbers. scorer_hash: of that code; see
    `priorsr.bench.scoring.scorer`.
    """

    format: Annotated[Literal[1, 2], WithJsonSchema({"const": FORMAT})]
    id: Id
    origin: Literal["run", "images"]
    model: ModelFacts
    training: TrainingFacts
    protocol: ProtocolFacts
    data: DataFacts
    prior: PriorFacts
    components: tuple[Component, ...] | Literal["unknown"]
    links: Links
    images: dict[str, ImageHashes]
    scores: dict[str, RecordedScore]
    set_scores: dict[str, RecordedSetScore]
    extra_scores: dict[str, ExtraScoreFacts]
    absent: dict[str, str]
    statistics: Statistics | BootstrapStatistics
    cost: Cost | None
    execution: Execution | None
    kernel_backends: dict[str, str]
    environment: Environment
    outputs: Id | None
    scorer_version: str
    scorer_hash: Hash
    created: AwareDatetime
    command: str | None

    @property
    def identity(self) -> ResultIdentity:
        """Return everything that determines the result."""
        made_elsewhere = images_hash(self.images) if self.origin == "images" else None
        return ResultIdentity(self.model, self.protocol, self.data, self.prior, made_elsewhere)

    @property
    def checkpoint(self) -> str:
        """Return the hash of the weights, or of images that were made elsewhere."""
        return self.model.weights_hash or images_hash(self.images)

    @model_validator(mode="after")
    def _is_of_one_piece(self) -> Record:
        identity = self.identity
        if self.id != identity.record_id:
            raise ValueError(
                f"id is {self.id!r}, and its model, protocol, data and prior make it {identity.record_id!r}"
            )
        if self.outputs not in (None, identity.outputs_id):
            raise ValueError(
                f"outputs is {self.outputs!r}, and its model, data, prior and reduction make it {identity.outputs_id!r}"
            )
        if self.training.method != self.model.method:
            raise ValueError(
                f"training.method is {self.training.method!r}, and the model makes it {self.model.method!r}"
            )
        self._check_origin()
        self._check_scores()
        self._check_intervals()
        return self

    def _check_origin(self) -> None:
        if (self.components == "unknown") != (self.format == 1):
            raise ValueError(f"components are {self.components!r:.80} in format {self.format}; unknown in 1 only")
        of_a_run = {"model.weights_hash": self.model.weights_hash, "cost": self.cost, "execution": self.execution}
        for name, value in of_a_run.items():
            if (value is None) != (self.origin == "images"):
                wanted = "null, since its images were made elsewhere," if self.origin == "images" else "a value"
                raise ValueError(f"{name} is {value!r:.80}; {wanted} was expected")

    def _check_scores(self) -> None:
        if len(self.images) != self.data.count:
            raise ValueError(f"images has {len(self.images)} faces, and the split has {self.data.count}")
        for name, score in self.scores.items():
            if score.per_image.keys() != self.images.keys():
                raise ValueError(f"scores.{name} is of other faces than images")
        own = set(self.protocol.scores)
        beside = (self.scores.keys() | self.set_scores.keys()) - own
        if self.extra_scores.keys() != beside:
            raise ValueError(
                f"extra_scores are {sorted(self.extra_scores)}; the scores beside the protocol's are {sorted(beside)}"
            )
        values = self.protocol.values({name: score.per_image for name, score in self.scores.items() if name in own})
        for name, score in self.scores.items():
            value = values.get(name, score.mean)
            if not (score.value == value or isclose(score.value, value, rel_tol=1e-9, abs_tol=1e-12)):
                raise ValueError(f"scores.{name}.value is {score.value}, and the faces' scores make it {value}")

    def _check_intervals(self) -> None:
        """Raise ValueError for an interval that contradicts today's rule; those of the older rule are not checked."""
        if isinstance(self.statistics, BootstrapStatistics):
            return
        for name, score in self.scores.items():
            interval = interval_of_images(score.per_image.values())
            if not _same_interval(score.interval95, interval):
                raise ValueError(
                    f"scores.{name}.interval95 is {score.interval95}, and the faces' scores make it {interval}"
                )


def _same_interval(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    """Return whether two intervals are equal up to another machine's rounding."""
    if one is None or other is None:
        return one is other
    tolerance = 1e-6 * (other[1] - other[0]) + 1e-12
    return all(isclose(*ends, rel_tol=1e-9, abs_tol=tolerance) for ends in zip(one, other, strict=True))


def images_hash(images: Mapping[str, ImageHashes]) -> str:
    """Return the hash of the SR images of all faces."""
    return sha256_json({face: hashes.sr for face, hashes in images.items()})


def check_same_inputs(records: Sequence[Record]) -> None:
    """Raise PriorsrError, naming the face, unless the records have the same faces with the same HR and LR images.

    Names of sets and splits do not guarantee this: faces are paired by id, and their images by hash.
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
    """Return the JSON schema of a record of format 2."""
    schema = Record.model_json_schema(mode="serialization")
    schema["properties"]["components"] = schema["properties"]["components"]["anyOf"][0]  # unknown in format 1 only
    # pydantic before 2.14 leaves a dataclass's description out, and sometimes that other fields are forbidden
    schema["$defs"]["Component"] |= {"description": getdoc(Component), "additionalProperties": False}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
