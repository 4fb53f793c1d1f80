"""Adding a submission that was verified to a results folder: its records, its images, and what was verified."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from priorsr.bench.scoring.scorer import scorer_hash
from priorsr.bench.store.records import Record
from priorsr.bench.store.results import outputs_path, write_record
from priorsr.bench.store.stored_images import save_images
from priorsr.bench.store.verification import Verification, record_hash, write_verification
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.differences import TOLERANCE
from priorsr.bench.submissions.recomputing import BATCH
from priorsr.bench.submissions.verify import Report
from priorsr.errors import DataError
from priorsr.files import sha256_file
from priorsr.version import __version__


def add(bundle: Bundle, report: Report, results: str | Path) -> list[Verification]:
    """Add what was verified to a results folder, each file whole or not at all; raises DataError if it was not true.

    The images are written as 8-bit PNG, which pages show. A record that is there already is replaced.
    """
    if report.differences:
        raise DataError(f"{bundle.path}: differs from its records ({report.differences[0]}), and is not added")
    results = Path(results)
    verifications = []
    for record in {record.identity.outputs_id: record for record in report.records}.values():
        _save_images(bundle, record, results)
    for record in report.records:
        write_record(results, record)
        verification = Verification(
            format=1,
            record=record.id,
            record_hash=record_hash(record),
            tier=2 if report.tier == 2 else 1,
            recomputed=report.recomputed,
            rerun=report.rerun,
            tolerance=TOLERANCE,
            not_checked={name: why for name, why in report.not_checked.items() if name in _scores(record)},
            bundle_hash=sha256_file(bundle.path),
            scorer_version=__version__,
            scorer_hash=scorer_hash(),
            created=datetime.now(UTC).replace(microsecond=0),
        )
        write_verification(results, verification)
        verifications.append(verification)
    return verifications


def _scores(record: Record) -> set[str]:
    return record.scores.keys() | record.set_scores.keys()


def _save_images(bundle: Bundle, record: Record, results: Path) -> None:
    size, faces = record.protocol.reduction["hr_size"], sorted(bundle.faces(record))
    assert isinstance(size, int), "verified"
    for start in range(0, len(faces), BATCH):
        few = faces[start : start + BATCH]
        save_images(bundle.images(record, few, size), few, outputs_path(results, record.identity.outputs_id))
