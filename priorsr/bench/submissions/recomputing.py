"""Compute the scores of records that share their SR images again, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from priorsr.bench.scoring.deterministic import deterministic
from priorsr.bench.scoring.evaluation import Evaluation, evaluate
from priorsr.bench.scoring.extra_scores import ExtraScores
from priorsr.bench.scoring.summaries import score_facts, set_score_facts
from priorsr.bench.store.records import Record
from priorsr.bench.store.score_facts import RecordedScore, RecordedSetScore
from priorsr.bench.submissions.bundle import Bundle
from priorsr.bench.submissions.differences import (
    Difference,
    extra_score_differences,
    image_differences,
    score_differences,
    set_score_differences,
)
from priorsr.bench.submissions.own_model import Rerun
from priorsr.containers import Batch
from priorsr.data import FaceLoader, FaceSet
from priorsr.errors import PriorsrError
from priorsr.files import without_home
from priorsr.metrics import Protocol, to_8bit
from priorsr.metrics.score_calls import SetScoring

BATCH = 16

_T = TypeVar("_T")


class Recomputing:
    """Records of a submission, each with its protocol as it is here; all of one model, prior, split and reduction.

    not_checked: their scores that cannot be computed here, and why.
    """

    def __init__(self, bundle: Bundle, scored: Sequence[tuple[Record, Protocol]], face_set: FaceSet) -> None:
        self._bundle, self._scored = bundle, scored
        self._record, protocol = scored[0]
        self._protocols = [protocol for _, protocol in scored]
        self._extra_scores, self.not_checked = extra_scores_of(record for record, _ in scored)
        reduction = protocol.reduction
        self._size = protocol.hr_size
        self._loader = FaceLoader(
            face_set,
            self._record.data.split,
            batch_size=BATCH,
            reduction=reduction,
            priors=None if self._record.prior.source != "none" else (),
            keep=False,
        )

    def from_images(self) -> Iterator[Difference]:
        """Yield the differences between the records and their images."""
        ids = self._loader.ids
        seen = {name: SetScoring(name, score) for name, score in self._extra_scores.of_sets.items()}
        found = self._evaluated(ids, lambda batch: self._bundle.images(self._record, batch.ids, self._size), seen)
        of_set = set_score_facts(seen, self._extra_scores.of_sets, len(ids))
        for record, protocol in self._scored:
            yield from image_differences(record, found.images, ("hr", "lr", "sr"))
            yield from self._compared(record, protocol, found, faces_only=False)
            yield from set_score_differences(record, _of(record, of_set))
            yield from self._invented(record, "set_scores", record.set_scores, _of(record, of_set))

    def from_weights(self, rerun: Rerun, faces: Sequence[str]) -> Iterator[Difference]:
        """Run the model on some faces, and compare the results with the records."""
        found = self._evaluated(faces, lambda batch: rerun.images(batch, self._record, self._loader), {})
        for record, protocol in self._scored:
            yield from image_differences(record, found.images, ("hr", "lr"))  # SR may differ by a level elsewhere
            yield from self._compared(record, protocol, found, faces_only=True)
        if not self._bundle.has_images:
            self.not_checked |= self._of_all_images()

    def _compared(
        self, record: Record, protocol: Protocol, found: Evaluation, *, faces_only: bool
    ) -> Iterator[Difference]:
        """Yield the differences between a record's scores of images, with their networks, and the found ones."""
        made = score_facts(found, protocol, self._extra_scores.of_images)
        scores = {name: made[name] for name in (*protocol.scoring.scores, *_of(record, self._extra_scores.of_images))}
        yield from self._invented(record, "scores", record.scores, scores)
        yield from score_differences(record, scores, faces_only=faces_only)
        yield from extra_score_differences(record, _of(record, self._extra_scores.facts(record.training)))

    def _invented(
        self,
        record: Record,
        part: str,
        said: Mapping[str, RecordedScore | RecordedSetScore],
        found: Mapping[str, object],
    ) -> Iterator[Difference]:
        """Yield the scores of a record that nothing here computes, although all inputs exist."""
        for name in sorted(said.keys() - found.keys() - self.not_checked.keys()):
            yield Difference(f"{record.id}: {part}.{name}", said[name].value, None)

    def _of_all_images(self) -> dict[str, str]:
        """Return the scores that need all images, with the reason why they are not verified without."""
        names = (name for record, _ in self._scored for name in record.set_scores)
        return dict.fromkeys(names, "is of all images, and the submission has none")

    def _evaluated(
        self, faces: Sequence[str], sr_of: Callable[[Batch], Tensor], of_sets: Mapping[str, SetScoring]
    ) -> Evaluation:
        """Return the scores of faces, batch by batch; accumulators get the images rounded to 8 bits."""
        parts = []
        with deterministic(torch.device("cpu")), torch.inference_mode():
            for start in range(0, len(faces), BATCH):
                batch = self._loader.faces(faces[start : start + BATCH])
                sr = sr_of(batch)
                parts.append(evaluate(sr, batch, self._protocols, self._extra_scores.of_images))
                for accumulator in of_sets.values():
                    accumulator.add(to_8bit(sr).float() / 255, batch.hr, batch.ids)
        return Evaluation.join(parts)


def extra_scores_of(records: Iterable[Record]) -> tuple[ExtraScores, dict[str, str]]:
    """Return the components that compute the records' extra scores here, and the missing scores with the reason."""
    found, left = ExtraScores({}, {}), dict[str, str]()
    for name in dict.fromkeys(name for record in records for name in record.extra_scores):
        try:
            there = ExtraScores.find([name], ())
        except PriorsrError as error:
            left[name] = without_home(str(error))
        else:
            found.present.update(there.present)
            left |= there.absent
    return found, left


def _of(record: Record, found: Mapping[str, _T]) -> dict[str, _T]:
    """Return the record's extra scores among these."""
    return {name: value for name, value in found.items() if name in record.extra_scores}
