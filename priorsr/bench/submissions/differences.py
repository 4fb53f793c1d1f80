"""What differs between a record and what was computed again, exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isclose, isinf

from pydantic import JsonValue

from priorsr.bench.records import ImageHashes, Record, Score

TOLERANCE = 1e-4
"""How much a protocol's score may differ between machines."""

NETWORK_TOLERANCE = 1e-3
"""How much another score may, which networks make."""


@dataclass(frozen=True)
class Difference:
    """One thing that differs. where: a record's id and what of it."""

    where: str
    said: JsonValue
    found: JsonValue

    def __str__(self) -> str:
        return f"{self.where}: the record says {_shown(self.said)}, and {_shown(self.found)} was found"


def score_differences(record: Record, found: Mapping[str, Score], *, faces_only: bool = False) -> Iterator[Difference]:
    """What of a record's scores differs from what was found; all faces', then value, mean and interval.

    faces_only: `found` is of some faces only, so that nothing is said of value, mean and interval. A score that was not
    recomputed is passed over; the caller says why.
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
        if (said.interval95 is None) != (ours.interval95 is None) or not all(
            _near(one, other, tolerance)
            for one, other in zip(said.interval95 or (), ours.interval95 or (), strict=False)
        ):
            yield Difference(f"{where}.interval95", _listed(said.interval95), _listed(ours.interval95))
        for part in ("unit", "higher_is_better"):
            if getattr(said, part) != getattr(ours, part):
                yield Difference(f"{where}.{part}", getattr(said, part), getattr(ours, part))


def set_score_differences(record: Record, found: Mapping[str, float]) -> Iterator[Difference]:
    """Which of a record's scores of the whole set differ from what was found, by more than a thousandth of it."""
    for name, value in found.items():
        said = record.set_scores[name].value if name in record.set_scores else None
        if said is None or not isclose(said, value, rel_tol=NETWORK_TOLERANCE, abs_tol=NETWORK_TOLERANCE):
            yield Difference(f"{record.id}: set_scores.{name}", said, value)


def image_differences(record: Record, found: Mapping[str, ImageHashes], which: tuple[str, ...]) -> Iterator[Difference]:
    """Which of a record's images, of "hr", "lr" and "sr", are others than those that were found."""
    for face, hashes in found.items():
        said = record.images[face]
        for kind in which:
            if getattr(said, kind) != getattr(hashes, kind):
                where = f"{record.id}: the {kind.upper()} image of the face {face!r}"
                yield Difference(where, getattr(said, kind), getattr(hashes, kind))


def _near(one: float, other: float, tolerance: float) -> bool:
    return one == other if isinf(one) or isinf(other) else isclose(one, other, rel_tol=0, abs_tol=tolerance)


def _listed(interval: tuple[float, float] | None) -> JsonValue:
    return None if interval is None else list(interval)


def _shown(value: JsonValue) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return " to ".join(map(_shown, value))
    return "nothing" if value is None else str(value)
