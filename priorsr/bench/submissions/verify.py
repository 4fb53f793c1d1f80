"""Verifying a submission: every score computed again from its images, or faces run again from its weights."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from priorsr.bench.evaluation import Evaluation, evaluate
from priorsr.bench.facts import data_facts, score_facts
from priorsr.bench.judges import Judges
from priorsr.bench.records import DataFacts, Record
from priorsr.bench.repeatable import repeatable
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.differences import (
    Difference,
    image_differences,
    score_differences,
    set_score_differences,
)
from priorsr.bench.submissions.rerun import Rerun, choose
from priorsr.data import FaceLoader, FaceSet
from priorsr.errors import DataError, PriorsrError
from priorsr.kinds import Accumulator
from priorsr.metrics import Protocol, load_protocol, to_8bit
from priorsr.metrics.protocol import protocol_names
from priorsr.types import Batch

BATCH = 16
RERUN = 8  # faces, of a submission that brings no images


@dataclass(frozen=True)
class Report:
    """What was found of a submission. It is true as far as its tier goes if there are no differences.

    tier: see `TIERS`. recomputed: faces whose scores were computed again from the images. rerun: faces that were run
    again. not_checked: scores that could not be computed here, and why.
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
) -> Report:
    """Verify a submission against the face set that its records are of.

    From its images, every score of every face is computed again, with value, mean and interval (tier 1). From its
    weights, `faces` faces are run again by the installed model of that name (tier 2): 8, or all of fewer, unless given
    where it brings no images, else none.
    protocols: files of protocols that this package does not have.
    seed: chooses the faces to run again; nobody can know them before unless it is given.

    Raises DataError, naming file and member, for images that are not what they should be, for a model that cannot be
    run here, and for another face set; OptionError where there are no weights for the faces to run again.
    """
    face_set = data if isinstance(data, FaceSet) else FaceSet.open(data)
    has_images = bundle.has_images
    split = _checked_data(bundle, face_set)
    if faces is None:
        faces = 0 if has_images else min(RERUN, split.count)
    chosen = choose(face_set.ids(split.split), faces, secrets.randbits(64) if seed is None else seed) if faces else ()
    rerun = Rerun(bundle) if chosen else None
    differences: list[Difference] = [*(rerun.differences if rerun else ())]
    not_checked: dict[str, str] = {}
    for record in bundle.records:
        protocol = _own_protocol(bundle, record, protocols, face_set)
        if protocol.content_hash != record.protocol.hash:
            differences.append(Difference(f"{record.id}: protocol.hash", record.protocol.hash, protocol.content_hash))
            continue
        check = _Check(bundle, record, protocol, face_set)
        if has_images:
            differences += check.recomputed()
        if rerun:
            differences += check.run_again(rerun, chosen)
        not_checked |= check.not_checked
    return Report(
        records=tuple(bundle.records),
        tier=2 if chosen else 1,
        differences=tuple(differences),
        recomputed=split.count if has_images else 0,
        rerun=chosen,
        not_checked=not_checked,
    )


class _Check:
    """One record's scores, computed again."""

    def __init__(self, bundle: Bundle, record: Record, protocol: Protocol, face_set: FaceSet) -> None:
        self._bundle, self._record, self._protocol = bundle, record, protocol
        self._size = protocol.reduction.hr_size
        self._judges, self.not_checked = _judges(record, protocol)
        given = None if record.prior.source != "none" else ()
        reduction = protocol.reduction
        self._loader = FaceLoader(
            face_set,
            record.data.split,
            batch_size=BATCH,
            reduction=reduction.kernel,
            scale=reduction.scale,
            priors=given,
            keep=False,
        )

    def recomputed(self) -> Iterator[Difference]:
        """What differs of the record and its images."""
        ids, record = self._loader.ids, self._record
        of_sets = {name: judge.start() for name, judge in self._judges.of_sets.items()}
        found = self._evaluated(ids, lambda batch: self._bundle.images(record, batch.ids, self._size), of_sets)
        scores = score_facts(found, self._protocol, self._judges.of_images, record.statistics.seed)
        for name in record.scores.keys() - scores.keys() - self.not_checked.keys():
            yield Difference(f"{record.id}: scores.{name}", record.scores[name].value, None)
        yield from image_differences(record, found.images, ("hr", "lr", "sr"))
        yield from score_differences(record, scores)
        yield from set_score_differences(record, {name: seen.value() for name, seen in of_sets.items()})

    def run_again(self, rerun: Rerun, faces: Sequence[str]) -> Iterator[Difference]:
        """What differs of the record and of what the model answers for some faces."""
        found = self._evaluated(faces, lambda batch: rerun.answer(batch, self._record, self._loader), {})
        scores = score_facts(found, self._protocol, self._judges.of_images, self._record.statistics.seed)
        yield from image_differences(self._record, found.images, ("hr", "lr"))  # SR may differ by a level elsewhere
        yield from score_differences(self._record, scores, faces_only=True)

    def _evaluated(
        self, faces: Sequence[str], answer: Callable[[Batch], Tensor], of_sets: Mapping[str, Accumulator]
    ) -> Evaluation:
        """What faces score, batch by batch, which the accumulators see rounded to 8 bits."""
        parts = []
        with repeatable(torch.device("cpu")), torch.inference_mode():
            for start in range(0, len(faces), BATCH):
                batch = self._loader.faces(faces[start : start + BATCH])
                sr = answer(batch)
                parts.append(evaluate(sr, batch, [self._protocol], self._judges.of_images))
                for accumulator in of_sets.values():
                    accumulator.add(to_8bit(sr).float() / 255, batch.hr)
        return Evaluation.join(parts)


def _checked_data(bundle: Bundle, face_set: FaceSet) -> DataFacts:
    """What the records' split is here; raises DataError unless it is the records' own."""
    record = bundle.records[0]
    ours = data_facts(face_set, record.data.split)
    if ours.hash != record.data.hash:
        raise DataError(
            f"{bundle.path}: is of the face set {record.data.name} {record.data.version} ({record.data.hash[:12]}), "
            f"and {face_set.path} is {ours.name} {ours.version} ({ours.hash[:12]})"
        )
    if record.images.keys() != set(face_set.ids(record.data.split)):
        odd = sorted(record.images.keys() ^ set(face_set.ids(record.data.split)))[0]
        raise DataError(
            f"{bundle.path}: has {len(record.images)} faces, and the split {record.data.split!r} has {ours.count}; one "
            f"of them, {odd!r}, is in one of the two only"
        )
    return ours


def _own_protocol(bundle: Bundle, record: Record, files: Sequence[str | Path], face_set: FaceSet) -> Protocol:
    """The protocol of the record's name, as this package or a file has it, for the face set's HR size."""
    name = record.protocol.id.partition(" ")[0]
    known = {Path(file).name.removesuffix(".toml"): Path(file) for file in files}
    if name not in known and name not in protocol_names():
        raise DataError(f"{bundle.path}: is scored under {name!r:.80}, which this package lacks; give its file")
    sizes = face_set.manifest.image_sizes
    if len(sizes) != 1:
        raise DataError(f"{face_set.path}: has images of {len(sizes)} sizes; a protocol scores images of one size")
    return load_protocol(known.get(name, name)).adapted(sizes[0][0])


def _judges(record: Record, protocol: Protocol) -> tuple[Judges, dict[str, str]]:
    """What makes the record's other scores here, and which it cannot make, with the reason."""
    found, left = Judges({}, {}), dict[str, str]()
    for name in record.judges:
        try:
            there = Judges.find([name], [protocol])
        except PriorsrError as error:
            left[name] = str(error)
        else:
            found.present.update(there.present)
            left |= there.absent
    return found, left
