"""A submission to a board of one's own: verified by its rules, and added where it takes nobody's place."""

from __future__ import annotations

from pathlib import Path

from priorsr.bench.board.board_file import Board
from priorsr.bench.store.records import Record
from priorsr.bench.store.results import read_record, record_path
from priorsr.bench.store.verification import Verification, read_verifications, record_hash
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.verify import RERUN, Report, add, foreign_distributions, verify
from priorsr.data import FaceSet
from priorsr.errors import DataError, mistakes_in


def verify_on_board(
    bundle: Bundle,
    board: Board,
    data: str | Path | FaceSet | None = None,
    *,
    faces: int | None = None,
    seed: int | None = None,
) -> Report:
    """Verify a submission by the rules of a board, see `verify`: against its own face set, under its own protocols.

    Faces are run again (tier 2) where weights come along, their model is of an allowed distribution, and it ran in
    float32; 8 of them unless `faces` is given.
    data: where the face set lies; None: in the board's folder. Raises DataError for a record that the board has
    already, and as `Board.check` and `verify`.
    """
    with mistakes_in(str(bundle.path)):
        for record in bundle.records:
            board.check(record)
        known = board.set_of(bundle.records[0])
        allowed = board.facts.allowed_distributions
        if faces is None and _can_rerun(bundle) and not foreign_distributions(bundle, allowed):
            faces = min(RERUN, known.count)
        face_set = board.face_set(known, data)
        report = verify(bundle, face_set, protocols=board.protocol_files, faces=faces, seed=seed, distributions=allowed)
        for record in report.records:
            _check_new(record, report.tier, board)
    return report


def add_to_board(bundle: Bundle, report: Report, board: Board, results: str | Path) -> list[Verification]:
    """Add what was verified by a board's rules to its folder or another, see `add`; images where their licence permits.

    The licence is the board's, not the record's.
    """
    return add(bundle, report, results, images=board.set_of(report.records[0]).publishable)


def _can_rerun(bundle: Bundle) -> bool:
    model = bundle.records[0].model
    return bundle.has_weights and model.precision == "float32" and not model.accelerated


def _check_new(record: Record, tier: int, board: Board) -> None:
    """Raise DataError for a record that is on the board with other facts, or verified as far as this one is.

    A record's id is of its model, images and protocol: with the same id, anybody could declare other things of it.
    """
    path = record_path(board.folder, record.id)
    if not path.exists():
        return
    there = read_record(path)
    if record_hash(there) != record_hash(record):
        ours, theirs = record.model_dump(), there.model_dump()
        fields = ", ".join(name for name in ours if ours[name] != theirs[name])
        raise DataError(
            f"the record {record.id} is on the board already, as {there.model.label!r}, with another {fields}; "
            "remove that one first, if this one is to take its place"
        )
    known = read_verifications(board.folder).get(record.id)
    if known and known.is_of(there) and known.tier >= tier:
        raise DataError(f"the record {record.id} is on the board already, verified as tier {known.tier}")
