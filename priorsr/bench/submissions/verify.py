"""Verify a submission: compute every score again from its images, or run faces again from its weights.

A verified submission can be added to a results folder.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from priorsr.bench.scoring.record_parts import data_facts
from priorsr.bench.scoring.scorer import scorer_hash
from priorsr.bench.store.old_intervals import check_old_intervals
from priorsr.bench.store.records import Record
from priorsr.bench.store.results import outputs_path, write_record
from priorsr.bench.store.run_facts import DataFacts
from priorsr.bench.store.stored_images import save_images
from priorsr.bench.store.verification import Verification, record_hash, write_verification
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.differences import TOLERANCE, Difference, model_differences, protocol_differences
from priorsr.bench.submissions.own_model import Rerun, check_prior, choose, distributions_of, own_model
from priorsr.bench.submissions.recomputing import BATCH, Recomputing
from priorsr.data import FaceSet
from priorsr.errors import DataError, MissingExtraError, OptionError, UnknownNameError, mistakes_in
from priorsr.files import sha256_file
from priorsr.metrics import Protocol, load_protocol, protocol_names
from priorsr.version import __version__

RERUN = 8  # faces, of a submission that brings no images


@dataclass(frozen=True)
class Report:
    """The result of verifying a submission; without differences it is verified in its tier.

    tier: see `TIERS`. recomputed: faces whose scores were computed again from the images. rerun: faces that were run
    again. not_checked: scores that could not be computed here, with the reason; they do not count as verified. Also
    "weights", which come with it and whose model is not installed.
    """

    records: tuple[Record, ...]
    tier: int
    differences: tuple[Difference, ...]
    recomputed: int
    rerun: tuple[str, ...]
    not_checked: Mapping[str, str]


def verify(
    bundle: Bundle,
    data: str | Path | FaceSet,
    *,
    protocols: Sequence[str | Path] = (),
    faces: int | None = None,
    seed: int | None = None,
    distributions: Collection[str] | None = None,
) -> Report:
    """Verify a submission against the face set that its records are of.

    Tier 1: every score of every face is computed again from the images, with value, mean and interval. Tier 2: the
    installed model of that name runs `faces` faces again from the weights: without images 8 (or all, if there are
    fewer) by default, otherwise none. Weights and their card are compared with the records in both tiers.
    protocols: files of protocols that this package lacks.
    seed: of the draw of these faces; nobody can predict them unless it is given.
    distributions: those whose models may be built and run here; None: all that are installed. Weights of others are
        listed as not verified.

    Raises PriorsrError, naming the submission: DataError, with the member, for wrong images, for a model that cannot be
    run here, for a record without the prior that its model requires, and for another face set; OptionError without
    weights for the faces to run again, and if nothing would be verified.
    """
    face_set = data if isinstance(data, FaceSet) else FaceSet.open(data)
    own = {Path(file).name.removesuffix(".toml"): load_protocol(Path(file)) for file in protocols}
    with mistakes_in(str(bundle.path)):
        return _verified(bundle, face_set, own, faces, seed, distributions)


def add(bundle: Bundle, report: Report, results: str | Path, *, images: bool = True) -> list[Verification]:
    """Add a verified submission to a results folder, each file whole or not at all; raises DataError if it differed.

    The images are written as 8-bit PNG, which pages show, unless `images` is false. An existing record is replaced.
    """
    if report.differences:
        raise DataError(f"{bundle.path}: differs from its records ({report.differences[0]}), and is not added")
    results = Path(results)
    verifications = []
    if images:
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


def foreign_distributions(bundle: Bundle, allowed: Collection[str] | None) -> list[str]:
    """Return the distributions of a submission's model whose models may not be built here; `allowed` None: all may."""
    return [] if allowed is None else sorted(distributions_of(bundle) - set(allowed))


def _verified(
    bundle: Bundle,
    face_set: FaceSet,
    own: Mapping[str, Protocol],
    faces: int | None,
    seed: int | None,
    distributions: Collection[str] | None,
) -> Report:
    has_images = bundle.has_images
    split = _checked_data(bundle, face_set)
    if faces is None:
        faces = 0 if has_images else min(RERUN, split.count)
    if not (has_images or faces):
        raise OptionError("brings no SR images, and no face is to be run again; at least 1 was expected")
    chosen = choose(face_set.ids(split.split), faces, secrets.randbits(64) if seed is None else seed) if faces else ()
    not_checked: dict[str, str] = {}
    entry = None
    foreign = foreign_distributions(bundle, distributions)
    if foreign:
        reason = f"models of {', '.join(foreign)} may not run here"
        if chosen:
            raise DataError(f"{reason}, so no face can be run again")
        not_checked |= {"weights": reason} if bundle.has_weights else {}
    elif chosen or bundle.has_weights:
        try:
            entry = own_model(bundle)
        except (UnknownNameError, MissingExtraError) as error:
            if chosen:
                raise
            not_checked["weights"] = str(error)
    check_prior(bundle.records[0], entry)
    for record in bundle.records:
        check_old_intervals(record)
    differences = [found for record in bundle.records for found in model_differences(record, entry)] if entry else []
    rerun = Rerun(bundle.records[0], entry) if chosen and entry else None
    known: dict[str, list[tuple[Record, Protocol]]] = {}  # by the id of the SR images
    for record in bundle.records:
        protocol = _own_protocol(record, own, face_set)
        others = list(protocol_differences(record, protocol))
        differences += others
        if not others:
            known.setdefault(record.identity.outputs_id, []).append((record, protocol))
    for scored in known.values():
        recomputing = Recomputing(bundle, scored, face_set)
        if has_images:
            differences += recomputing.from_images()
        if rerun:
            differences += recomputing.from_weights(rerun, chosen)
        not_checked |= recomputing.not_checked
    return Report(
        records=tuple(bundle.records),
        tier=2 if chosen else 1,
        differences=tuple(differences),
        recomputed=split.count if has_images else 0,
        rerun=chosen,
        not_checked=not_checked,
    )


def _checked_data(bundle: Bundle, face_set: FaceSet) -> DataFacts:
    """Return the description of the records' split here; raises DataError if it differs from the records'."""
    record = bundle.records[0]
    ours = data_facts(face_set, record.data.split)
    if ours.hash != record.data.hash:
        raise DataError(
            f"is of the face set {record.data.name} {record.data.version} ({record.data.hash[:12]}), "
            f"and {face_set.path} is {ours.name} {ours.version} ({ours.hash[:12]})"
        )
    if record.images.keys() != set(face_set.ids(record.data.split)):
        odd = sorted(record.images.keys() ^ set(face_set.ids(record.data.split)))[0]
        raise DataError(
            f"has {len(record.images)} faces, and the split {record.data.split!r} has {ours.count}; one "
            f"of them, {odd!r}, is in one of the two only"
        )
    return ours


def _own_protocol(record: Record, own: Mapping[str, Protocol], face_set: FaceSet) -> Protocol:
    """Return the protocol of that name from `own` or this package, for the face set's HR size."""
    name = record.protocol.id.partition(" ")[0]
    if name not in own and name not in protocol_names():
        raise DataError(f"is scored under {name!r:.80}, which this package lacks; give its file")
    sizes = face_set.manifest.image_sizes
    if len(sizes) != 1:
        raise DataError(f"{face_set.path}: has images of {len(sizes)} sizes; a protocol scores images of one size")
    return (own.get(name) or load_protocol(name)).adapted(sizes[0][0])


def _scores(record: Record) -> set[str]:
    return record.scores.keys() | record.set_scores.keys()


def _save_images(bundle: Bundle, record: Record, results: Path) -> None:
    size, faces = record.protocol.reduction["hr_size"], sorted(bundle.faces(record))
    assert isinstance(size, int), "verified"
    for start in range(0, len(faces), BATCH):
        few = faces[start : start + BATCH]
        save_images(bundle.images(record, few, size), few, outputs_path(results, record.identity.outputs_id))
