"""Record the scores of SR images that were made elsewhere, from the faces of a face set."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from priorsr.bench.made_elsewhere.folders import ImageFile, images_by_stem, paired
from priorsr.bench.made_elsewhere.given_images import image_of_pixels
from priorsr.bench.running.environment import environment
from priorsr.bench.running.journal import locked
from priorsr.bench.running.progress import progress
from priorsr.bench.running.sweeping import sweep_results
from priorsr.bench.scoring.deterministic import deterministic
from priorsr.bench.scoring.evaluation import Evaluation, evaluate
from priorsr.bench.scoring.extra_scores import ExtraScores
from priorsr.bench.scoring.finished_record import finished_record
from priorsr.bench.scoring.record_parts import data_facts, protocol_component, protocol_facts
from priorsr.bench.scoring.summaries import score_facts, set_score_facts
from priorsr.bench.store.model_facts import ModelFacts, TrainingFacts
from priorsr.bench.store.outputs import need_arrays, save_outputs
from priorsr.bench.store.records import Record, ResultIdentity, images_hash
from priorsr.bench.store.results import lock_path, outputs_path, partial_path, write_record
from priorsr.bench.store.run_facts import PriorFacts
from priorsr.bench.store.score_facts import RecordedSetScore
from priorsr.bench.store.stored_faces import store_faces
from priorsr.bench.store.values import Links
from priorsr.containers import Batch
from priorsr.data import FaceLoader, FaceSet
from priorsr.errors import DataError, OptionError
from priorsr.files import require_extra, sha256_json
from priorsr.metrics import Protocol, Reduction, to_8bit
from priorsr.metrics.score_calls import SetScoring
from priorsr.reading.mistakes import first_mistake
from priorsr.terminal import Terminal

ELSEWHERE = "made elsewhere"
BATCH = 16
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Declared:
    """The facts that the maker of the images declares; nothing checks them.

    label: the name of the method. prior: the prior that it was given. training: its training data; None if unknown.
    links: its paper and code. hardware: what it ran on.
    """

    label: str
    prior: PriorFacts = field(default_factory=lambda: PriorFacts(source="none", by=None))
    training: tuple[str, ...] | None = None
    links: Links = field(default_factory=dict)
    hardware: str | None = None

    @property
    def model(self) -> ModelFacts:
        """Return a record's description of the method."""
        return ModelFacts(
            label=self.label,
            distribution=ELSEWHERE,
            name=self.label,
            version="",
            weights_hash=None,
            config={},
            card={"hardware": self.hardware} if self.hardware else {},
        )

    @property
    def training_facts(self) -> TrainingFacts:
        """Return a record's description of its training."""
        return TrainingFacts(
            data="unknown" if self.training is None else self.training,
            networks="unknown",
            seed="unknown",
            method=self.model.method,
        )


def declared_by(
    label: str,
    prior: str,
    training: Sequence[str] | None,
    links: Mapping[str, str],
    hardware: str | None = None,
) -> Declared:
    """Return what was declared on the command line; raises OptionError for a wrong prior or link."""
    try:
        checked = TypeAdapter(Links).validate_python(links)
        given = PriorFacts.model_validate({"source": prior, "by": None})
    except ValidationError as error:
        raise OptionError(first_mistake(error, "the declaration")) from error
    return Declared(label, given, None if training is None else tuple(training), checked, hardware)


def record_images(
    sr: Path,
    face_set: FaceSet,
    split: str,
    protocols: Sequence[Protocol],
    declared: Declared,
    *,
    out: Path | None = None,
    scores: Sequence[str] = (),
    pairs: Mapping[str, str] | None = None,
    lr: Path | None = None,
    command: str | None = None,
) -> list[Record]:
    """Score a folder or zip of SR images of a split's faces, and return a record for each protocol, in the order given.

    protocols: for the set's HR size. scores: beside the protocols', by name.
    pairs: by face, the stem of its SR image, if these differ.
    lr: the LR images that the method was given; they must equal those that the protocols make, since scores of other
        LR images cannot be compared.
    out: the results folder for the records and the images.

    Raises DataError, naming the image, for missing partners, other sizes and other LR images; PriorsrError as
    `priorsr.bench.run`.
    """
    require_extra("scipy", "bench")  # lest it lacks once all is scored
    found = ExtraScores.find(scores, protocols)
    faces = face_set.ids(split)
    files = paired(images_by_stem(sr), faces, pairs, str(sr))
    inputs = None if lr is None else paired(images_by_stem(lr), faces, None, str(lr))
    records: dict[str, Record] = {}
    for reduction in dict.fromkeys(protocol.reduction for protocol in protocols):
        group = [protocol for protocol in protocols if protocol.reduction == reduction]
        loader = FaceLoader(
            face_set,
            split,
            batch_size=BATCH,
            reduction=reduction,
            priors=(),
            keep=False,
        )
        with _unfinished(out, declared, reduction) as images:
            evaluation, of_sets = _evaluated(loader, files, inputs, group, found, declared, images)
            for protocol in group:
                identity = ResultIdentity(
                    declared.model,
                    protocol_facts(protocol),
                    data_facts(face_set, split),
                    declared.prior,
                    images_hash(evaluation.images),
                )
                records[protocol.content_hash] = finished_record(
                    identity,
                    environment(_CPU),
                    training=declared.training_facts,
                    components={protocol_component(protocol), *found.components},
                    links=declared.links,
                    images=evaluation.images,
                    scores=score_facts(evaluation, protocol, found.of_images),
                    set_scores=of_sets,
                    extra_scores=found.facts(declared.training_facts),
                    absent=found.absent,
                    outputs_kept=out is not None,
                    command=command,
                )
            if out is not None and images is not None:
                _write([records[protocol.content_hash] for protocol in group], images, out)
                store_faces(loader, out, reduction.content_hash, every=True)
    return [records[protocol.content_hash] for protocol in protocols]


@contextmanager
def _unfinished(out: Path | None, declared: Declared, reduction: Reduction) -> Iterator[Path | None]:
    """Lend a folder for SR images that no other process uses, and remove it at the end.

    The next process that writes into `out` removes what a killed one left.
    """
    if out is None:
        yield None
        return
    sweep_results(out)
    folder = partial_path(out, sha256_json([declared.label, reduction.content])[:16])
    with locked(lock_path(folder), Terminal(stderr=True).print):
        shutil.rmtree(folder, ignore_errors=True)
        try:
            yield folder / "images"
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _write(records: Sequence[Record], images: Path, out: Path) -> None:
    """Move the SR images to their place in a results folder, then write the records of them."""
    folder = outputs_path(out, records[0].identity.outputs_id)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    images.rename(folder)
    for record in records:
        write_record(out, record)


def _evaluated(
    loader: FaceLoader,
    files: Mapping[str, ImageFile],
    inputs: Mapping[str, ImageFile] | None,
    protocols: Sequence[Protocol],
    scores: ExtraScores,
    declared: Declared,
    images: Path | None,
) -> tuple[Evaluation, dict[str, RecordedSetScore]]:
    """Score the images of all faces, and save them in the folder `images`."""
    parts: list[Evaluation] = []
    exact = need_arrays(protocols)
    seen = {name: SetScoring(name, score) for name, score in scores.of_sets.items()}
    with (
        progress(Terminal(stderr=True), declared.label, len(loader.ids), 0) as advance,
        deterministic(_CPU),
        torch.inference_mode(),
    ):
        for batch in loader.in_order():
            if inputs is not None:
                _check_lr(batch, inputs)
            sr = torch.stack([_read(files[face], hr) for face, hr in zip(batch.ids, batch.hr, strict=True)])
            found = evaluate(sr, batch, protocols, scores.of_images)
            for accumulator in seen.values():
                accumulator.add(to_8bit(sr).float() / 255, batch.hr, batch.ids)
            if images is not None:
                found = found._replace(arrays=save_outputs(sr, batch.ids, images, arrays=exact))
            parts.append(found)
            advance(len(batch.ids))
    return Evaluation.join(parts), set_score_facts(seen, scores.of_sets, len(loader.ids))


def _read(file: ImageFile, like: Tensor) -> Tensor:
    """Read an image as (3,H,W) in [0, 1]; raises DataError unless it is as large as `like`."""
    pixels = image_of_pixels(file.read())
    if pixels.shape != like.shape:
        sizes = [" x ".join(map(str, image.shape[1:])) for image in (pixels, like)]
        raise DataError(f"{file.where}: is {sizes[0]}; {sizes[1]}, as the face in the set, was expected")
    return pixels


def _check_lr(batch: Batch, inputs: Mapping[str, ImageFile]) -> None:
    for face, lr in zip(batch.ids, batch.lr, strict=True):
        given = _read(inputs[face], lr)
        if not torch.equal(to_8bit(given), to_8bit(lr)):
            levels = int((to_8bit(given).int() - to_8bit(lr).int()).abs().max())
            raise DataError(
                f"{inputs[face].where}: differs by up to {levels} of 255 from the LR image that the protocol's "
                "reduction makes of the face; the same images were expected, since scores of others cannot be compared"
            )
