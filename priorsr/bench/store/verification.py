"""Verifications of records, and the hash of the content that they are valid for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime

from priorsr.bench.store.records import Record
from priorsr.bench.store.results import record_content
from priorsr.bench.store.values import Count, Hash, Id, RecordPart
from priorsr.errors import DataError
from priorsr.files import atomic_json, sha256_json
from priorsr.reading.json_files import read_facts

TIERS = ("self-reported", "scores recomputed from the images", "faces rerun from the weights")
"""The checks of each tier; tier 0 is a record's own claim."""


class Verification(RecordPart):
    """The statement that a record's scores were verified.

    record, record_hash: its id, and the hash of its whole content. tier: see `TIERS`.
    recomputed: faces whose scores were computed again from the images. rerun: faces that were run again, in tier 2.
    tolerance: the allowed difference of a score. not_checked: scores that could not be recomputed here, with the
    reason; they do not count as verified.
    bundle_hash: of the submission's file. scorer_version, scorer_hash: the code that recomputed.
    """

    format: Literal[1]
    record: Id
    record_hash: Hash
    tier: Literal[1, 2]
    recomputed: Count
    rerun: tuple[str, ...]
    tolerance: float
    not_checked: dict[str, str]
    bundle_hash: Hash
    scorer_version: str
    scorer_hash: Hash
    created: AwareDatetime

    def is_of(self, record: Record) -> bool:
        """Return whether this is the verification of that record with its present content."""
        return record.id == self.record and record_hash(record) == self.record_hash


def record_hash(record: Record) -> str:
    """Return the SHA-256 of a record's whole content."""
    return sha256_json(record_content(record))


def verification_path(results: Path, record: str) -> Path:
    """Return the path of the verification of the record of that id in a results folder."""
    return results / "verifications" / f"{record}.json"


def write_verification(results: Path, verification: Verification) -> Path:
    """Write a verification into a results folder, whole or not at all."""
    path = verification_path(results, verification.record)
    atomic_json(path, verification.model_dump(mode="json"))
    return path


def read_verifications(results: str | Path) -> dict[str, Verification]:
    """Return the verifications of a results folder by their record's id.

    Raises DataError naming the file that is broken.
    """
    found = {}
    for path in sorted((Path(results) / "verifications").glob("[!.]*.json")):
        verification = read_facts(path, Verification, "the verification")
        if path.stem != verification.record:
            raise DataError(f"{path}: is of the record {verification.record!r}; a file's name is its record's id")
        found[verification.record] = verification
    return found
