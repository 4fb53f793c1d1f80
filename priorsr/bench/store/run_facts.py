"""The parts of a record that describe a run: protocol, faces, prior, cost, and environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from priorsr.bench.store.values import Count, Hash, RecordPart
from priorsr.errors import PriorsrError
from priorsr.files import sha256_json
from priorsr.metrics.protocol import parse_scoring


class ProtocolFacts(RecordPart):
    """A protocol in records.

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
        """Return the names of its scores."""
        scores = self.scoring.get("scores")
        return tuple(scores) if isinstance(scores, dict) else ()

    @property
    def reduction_hash(self) -> str:
        """Return the SHA-256 of the reduction half."""
        return sha256_json(self.reduction)

    def values(self, per_image: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
        """Return the split's scores, aggregated by the protocol from those of its faces, given by id.

        Raises ValueError for a wrong scoring half.
        """
        try:
            scoring = parse_scoring(self.scoring)
        except PriorsrError as error:
            raise ValueError(f"protocol.scoring: {error}") from error
        return scoring.of_images({name: [found[face] for face in sorted(found)] for name, found in per_image.items()})

    @model_validator(mode="after")
    def _hash_is_of_the_content(self) -> ProtocolFacts:
        expected = sha256_json({"reduction": self.reduction, "scoring": self.scoring})
        if self.hash != expected:
            raise ValueError(f"hash is {self.hash}, and its reduction and scoring make it {expected}")
        return self


class DataFacts(RecordPart):
    """A split of a face set: `hash` is the set's, `count` the number of the split's images."""

    name: str
    version: str
    licence: str
    hash: Hash
    split: str
    count: Annotated[int, Field(ge=1)]


class PriorFacts(RecordPart):
    """The prior that the model was given; `by` names the estimator or the tool that made it.

    "corrupted" is a degraded ground truth; `by` names the degradation.
    """

    source: Literal["none", "estimated-from-lr", "ground-truth", "estimated-from-hr", "corrupted"]
    by: str | None

    @property
    def beyond_lr(self) -> bool:
        """Return whether it needed more than the LR image; such rows are never ranked with the others."""
        return self.source not in ("none", "estimated-from-lr")


class Latency(RecordPart):
    """The median of warm runs, for a whole batch."""

    batch: Annotated[int, Field(ge=1)]
    milliseconds: float
    runs: Annotated[int, Field(ge=1)]


class Cost(RecordPart):
    """The cost of a model. MACs and memory are of one image; see `priorsr.bench.running.profile`."""

    parameters: Count
    macs: Count
    peak_memory_bytes: Count
    latency: tuple[Latency, ...]


class Execution(RecordPart):
    """The execution of a model over the split: faces in a batch, and processes that shared them."""

    batch_size: Annotated[int, Field(ge=1)]
    processes: Annotated[int, Field(ge=1)]


class Environment(RecordPart):
    """The machine and the versions of a run. Latencies are compared within one environment only."""

    device: str
    cpu: str
    gpu: str | None
    threads: Annotated[int, Field(ge=1)]
    os: str
    python: str
    torch: str
