"""Compare a record with what is found here: scores, images, protocol and model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isclose, isinf

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from priorsr.bench.running.entries import Entry
from priorsr.bench.scoring.record_parts import protocol_facts
from priorsr.bench.scoring.scorer import known_components
from priorsr.bench.store.records import Record
from priorsr.bench.store.score_facts import ExtraScoreFacts, ImageHashes, RecordedScore, RecordedSetScore
from priorsr.bench.store.values import Links, RecordPart
from priorsr.metrics import Protocol
from priorsr.sources import Component

TOLERANCE = 1e-4
"""How much a protocol's score may differ between machines."""

NETWORK_TOLERANCE = 1e-3
"""How much another score may, which networks make."""

_MODEL = ("distribution", "name", "weights_hash", "config", "precision", "accelerated")


@dataclass(frozen=True)
class Difference:
    """A difference. where: a record's id and the field."""

    where: str
    said: JsonValue
    found: JsonValue

    def __str__(self) -> str:
        return f"{self.where}: the record has {_shown(self.said)}, and {_shown(self.found)} was found"


def protocol_differences(record: Record, protocol: Protocol) -> Iterator[Difference]:
    """Return the differences between a record's protocol and the one of that name here, except in prose."""
    yield from different_parts(
        f"{record.id}: protocol", record.protocol, protocol_facts(protocol), ("hash", "id", "adapted_from")
    )


def score_differences(
    record: Record, found: Mapping[str, RecordedScore], *, faces_only: bool = False
) -> Iterator[Difference]:
    """Compare a record's scores with the found ones: every face's, then value and mean.

    faces_only: `found` covers some faces only, so value and mean are not compared. Scores that were not recomputed are
    skipped; the caller reports them. Intervals are not compared, since reading a record checks them against its faces'
    scores, and nothing shows those of an older rule.
    """
    for name, ours in found.items():
        if name not in record.scores:
            yield Difference(f"{record.id}: scores.{name}", None, ours.value)
            continue
        said, where = record.scores[name], f"{record.id}: scores.{name}"
        tolerance = TOLERANCE if name in record.protocol.scores else NETWORK_TOLERANCE
        for face, value in ours.per_image.items():
            if not _near(said.per_image[face], value, tolerance):
                yield Difference(f"{where} of the face {face!r}", said.per_image[face], value)
        if faces_only:
            continue
        for part, one, other in (("value", said.value, ours.value), ("mean", said.mean, ours.mean)):
            if not _near(one, other, tolerance):
                yield Difference(f"{where}.{part}", one, other)
        yield from different_parts(where, said, ours, ("unit", "higher_is_better"))


def set_score_differences(record: Record, found: Mapping[str, RecordedSetScore]) -> Iterator[Difference]:
    """Compare a record's scores of the whole set with those that were found; a value may differ by a thousandth."""
    for name, ours in found.items():
        said, where = record.set_scores.get(name), f"{record.id}: set_scores.{name}"
        if said is None or not isclose(said.value, ours.value, rel_tol=NETWORK_TOLERANCE, abs_tol=NETWORK_TOLERANCE):
            yield Difference(where, said.value if said else None, ours.value)
        if said:
            yield from different_parts(where, said, ours, ("higher_is_better", "count", "warning"))


def extra_score_differences(record: Record, found: Mapping[str, ExtraScoreFacts]) -> Iterator[Difference]:
    """Compare the origin of a record's extra scores, and the networks that also trained the model, with those here."""
    for name, ours in found.items():
        parts = ("name", "weights_hash", "networks", "trained_with")
        yield from different_parts(f"{record.id}: extra_scores.{name}", record.extra_scores[name], ours, parts)


def image_differences(record: Record, found: Mapping[str, ImageHashes], which: tuple[str, ...]) -> Iterator[Difference]:
    """Return the images of a record ("hr", "lr" and "sr") whose hashes differ from the found ones."""
    for face, hashes in found.items():
        said = record.images[face]
        for kind in which:
            if getattr(said, kind) != getattr(hashes, kind):
                where = f"{record.id}: the {kind.upper()} image of the face {face!r}"
                yield Difference(where, getattr(said, kind), getattr(hashes, kind))


def model_differences(record: Record, entry: Entry) -> Iterator[Difference]:
    """Yield the differences of a record's model, training, links and parameters from the weights and their card."""
    yield from different_parts(f"{record.id}: model", record.model, entry.facts, _MODEL)
    said, found = record.model.card, entry.facts.card
    for key in sorted(said.keys() | found.keys()):
        if said.get(key) != found.get(key):
            yield Difference(f"{record.id}: model.card.{key}", said.get(key), found.get(key))
    training = ("networks", "seed") if record.format == 1 else ("data", "networks", "seed")  # 1 has data in words
    yield from different_parts(f"{record.id}: training", record.training, entry.training, training)
    if record.format != 1:
        for part, said_words, found_words in (
            ("links", _in_words(record.links), _in_words(entry.links)),
            ("components of training", _trained_by(known_components(record)), _trained_by(entry.components)),
        ):
            if said_words != found_words:
                yield Difference(f"{record.id}: {part}", said_words, found_words)
    parameters = sum(parameter.numel() for parameter in entry.model.parameters())
    if record.cost and parameters != record.cost.parameters:
        yield Difference(f"{record.id}: cost.parameters", record.cost.parameters, parameters)


def different_parts(where: str, said: RecordPart, found: RecordPart, parts: Sequence[str]) -> Iterator[Difference]:
    """Return the parts that differ."""
    for part in parts:
        if getattr(said, part) != getattr(found, part):
            yield Difference(f"{where}.{part}", _plain(getattr(said, part)), _plain(getattr(found, part)))


def _near(one: float, other: float, tolerance: float) -> bool:
    return one == other if isinf(one) or isinf(other) else isclose(one, other, rel_tol=0, abs_tol=tolerance)


def _plain(value: object) -> JsonValue:
    """Return a value of a record as a JSON value."""
    plain: JsonValue = to_jsonable_python(value)
    return plain


def _shown(value: JsonValue) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        between = " to " if value and isinstance(value[0], float) else ", "
        return between.join(map(_shown, value)) or "nothing"
    return "nothing" if value is None else f"{value!s:.300}"


def _in_words(links: Links) -> str:
    return ", ".join(f"{name}: {url}" for name, url in sorted(links.items())) or "nothing"


def _trained_by(components: tuple[Component, ...]) -> str:
    """Return the components that took part in training, in words."""
    return (
        ", ".join(
            f"{part.kind} {part.distribution}:{part.name} {part.version} ({part.hash:.12})"
            for part in sorted(components)
            if part.used_for == "training"
        )
        or "unknown"
    )
