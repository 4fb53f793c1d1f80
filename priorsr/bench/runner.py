"""Running benchmarks: models over a split, scored under protocols, each result a record."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from torch import nn

from priorsr.bench.entries import BASELINE, Entry, baseline, entry_from_spec, entry_of
from priorsr.bench.environment import environment
from priorsr.bench.evaluation import Evaluation, evaluate, in_eval_mode, prior_on
from priorsr.bench.faces import store_faces
from priorsr.bench.facts import PriorChoice, data_facts, prior_facts, protocol_facts, score_facts, takes_prior
from priorsr.bench.images import save_images, whole_folder
from priorsr.bench.profile import measure_cost
from priorsr.bench.records import FORMAT, Cost, DataFacts, Identity, PriorFacts, Record, Score, Statistics
from priorsr.bench.results import outputs_path, read_record, record_path, write_record
from priorsr.bench.statistics import RESAMPLES
from priorsr.data import FaceLoader, FaceSet
from priorsr.errors import DataError, MissingExtraError, MissingWeightsError, OptionError
from priorsr.kinds import Score as Judge
from priorsr.metrics import Protocol, load_protocol
from priorsr.registry import create
from priorsr.version import __version__

ModelLike = nn.Module | str | Path


def run(
    models: ModelLike | Sequence[ModelLike],
    *,
    data: str | Path | FaceSet,
    split: str,
    protocols: Sequence[str | Path | Protocol],
    out: str | Path,
    name: str | None = None,
    prior: PriorChoice = "none",
    scores: Sequence[str] = (),
    batch_size: int = 16,
    save_outputs: bool = True,
    again: bool = False,
    device: str = "auto",
    seed: int = 0,
    command: str | None = None,
) -> list[Record]:
    """Benchmark models on a split of a face set: a record for each model and protocol, in the order given.

    models: one or several; a model in memory, or what `priorsr bench run --model` takes: the name of a model without
        parameters, a weights file, a training run's folder. The baseline `bicubic` always runs too.
    protocols: ids, files, or protocols; each is adapted where the set's HR images have another size. A model runs once
        for each distinct reduction, and its images are scored under all protocols that share it.
    out: the results folder: records, and SR images (8-bit PNG) unless `save_outputs` is false. A record that is there
        already, from the same weights, data, protocol and version of priorsr, is kept, unless `again`.
    name: the label of a single model's row.
    prior: what models whose prior is "optional" are given. Those that require one always get the ground truth, and
        their records say so.
    scores: names of kind `score`, beside the protocol's. One whose weights or package is missing is left out of the
        records, with the reason.
    seed: of the bootstrap. command: what the records say made them.

    Raises PriorsrError for every mistake in these, before the first model runs where that can be known.
    """
    face_set = data if isinstance(data, FaceSet) else FaceSet.open(data)
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise DataError(f"{out}: is a file; a folder for the results was expected")
    if seed < 0:
        raise OptionError(f"seed is {seed}; 0 or more was expected")
    given = list(models) if isinstance(models, Sequence) and not isinstance(models, str) else [models]
    if name is not None and len(given) != 1:
        raise OptionError(f"name is {name!r} for {len(given)} models; a name is for one")
    entries = [None if model == BASELINE else _entry(model, name) for model in given]
    adapted = [_protocol(protocol, face_set) for protocol in protocols]
    bench = _Benchmark(
        data=data_facts(face_set, split),
        out=out,
        judges=_judges(scores, adapted),
        save_outputs=save_outputs,
        again=again,
        device=_device(device),
        seed=seed,
        command=command,
    )
    need_priors = any(entry and takes_prior(entry, prior) for entry in entries)
    found: dict[tuple[Entry | None, int], Record] = {}
    for reduction in dict.fromkeys(protocol.reduction for protocol in adapted):
        loader = FaceLoader(
            face_set,
            split,
            batch_size=batch_size,
            reduction=reduction.kernel,
            scale=reduction.scale,
            priors=None if need_priors else (),
        )
        base = baseline(reduction.scale)
        contenders = {entry: prior_facts(entry or base, prior, loader) for entry in (None, *entries)}
        places = [place for place, protocol in enumerate(adapted) if protocol.reduction == reduction]
        group = [adapted[place] for place in places]
        store_faces(loader, out, reduction.content_hash)
        for entry, given_prior in contenders.items():
            records = bench.records(entry or base, given_prior, group, loader)
            found.update(((entry, place), record) for place, record in zip(places, records, strict=True))
    return [found[entry, place] for entry in entries for place in range(len(adapted))]


class _Judges(NamedTuple):
    """Scores of kind `score` that are there, and those that are not, with the reason."""

    present: dict[str, Judge]
    absent: dict[str, str]


@dataclass(frozen=True)
class _Benchmark:
    """What all models of a run share."""

    data: DataFacts
    out: Path
    judges: _Judges
    save_outputs: bool
    again: bool
    device: torch.device
    seed: int
    command: str | None
    costs: dict[tuple[Entry, torch.Size], Cost] = field(default_factory=dict)

    def records(
        self, entry: Entry, prior: PriorFacts, protocols: Sequence[Protocol], loader: FaceLoader
    ) -> list[Record]:
        """A model's records under protocols that share one reduction: the finished ones, and the others made now."""
        identities = [Identity(entry.facts, protocol_facts(protocol), self.data, prior) for protocol in protocols]
        records = [None if self.again else self.finished(entry, identity) for identity in identities]
        todo = [place for place, record in enumerate(records) if record is None]
        if todo:
            evaluation, cost = self.evaluate(entry, [protocols[place] for place in todo], identities[todo[0]], loader)
            for place, scores in zip(todo, evaluation.protocols, strict=True):
                found = score_facts(evaluation, protocols[place], scores, self.judges.present, self.seed)
                records[place] = self.write(entry, identities[place], found, cost)
        return [record for record in records if record is not None]

    def finished(self, entry: Entry, identity: Identity) -> Record | None:
        """The record of an earlier run, with today's label and card; None if there is none, or it lacks something."""
        path = record_path(self.out, identity.record_id)
        if not path.exists():
            return None
        record = read_record(path)
        same_code = (record.scorer_version, record.model.version) == (__version__, entry.facts.version)
        kept = record.outputs is not None and outputs_path(self.out, record.outputs).is_dir()
        whole = record.scores.keys() >= self.judges.present.keys() and (kept or not self.save_outputs)
        if not (same_code and whole):
            return None
        absent = {name: reason for name, reason in self.judges.absent.items() if name not in record.scores}
        changes = {"model": entry.facts, "training": entry.training, "absent": {**record.absent, **absent}}
        current = record.model_copy(update=changes)
        if current != record:
            write_record(self.out, current)
        return current

    def evaluate(
        self, entry: Entry, protocols: Sequence[Protocol], identity: Identity, loader: FaceLoader
    ) -> tuple[Evaluation, Cost]:
        """Run a model over the split once, keep its images, and measure what it costs."""
        with_prior = identity.prior.source != "none"
        folder = outputs_path(self.out, identity.outputs_id)
        console = Console(stderr=True)
        batches = track(
            loader.in_order(),
            description=escape(f"{entry.facts.label}, {self.data.name} {self.data.split}"),
            total=loader.steps_per_epoch,
            console=console,
            transient=True,
            disable=not (console.is_terminal or console.is_jupyter),
        )
        with (
            in_eval_mode(entry.model, self.device) as model,
            whole_folder(folder, self.data.count) if self.save_outputs else nullcontext() as beside,
        ):
            evaluation = evaluate(
                model,
                batches,
                protocols,
                self.judges.present,
                device=self.device,
                with_prior=with_prior,
                keep=None if beside is None else lambda sr, ids: save_images(sr, ids, beside),
            )
            first = loader.faces(loader.ids[: loader.batch_size])
            if (entry, first.lr.shape) not in self.costs:
                prior = prior_on(first.prior, self.device) if with_prior else None
                self.costs[entry, first.lr.shape] = measure_cost(model, first.lr.to(self.device), prior)
            return evaluation, self.costs[entry, first.lr.shape]

    def write(self, entry: Entry, identity: Identity, scores: dict[str, Score], cost: Cost) -> Record:
        """Make a record, and write it."""
        record = Record(
            format=FORMAT,
            id=identity.record_id,
            model=identity.model,
            training=entry.training,
            protocol=identity.protocol,
            data=identity.data,
            prior=identity.prior,
            scores=scores,
            set_scores={},
            absent=self.judges.absent,
            statistics=Statistics(interval="percentile bootstrap over images", resamples=RESAMPLES, seed=self.seed),
            cost=cost,
            kernel_backend="reference",
            environment=environment(self.device),
            outputs=identity.outputs_id if self.save_outputs else None,
            scorer_version=__version__,
            created=datetime.now(UTC).replace(microsecond=0),
            command=self.command,
        )
        write_record(self.out, record)
        return record


def _entry(model: ModelLike, name: str | None) -> Entry:
    return entry_of(model, name) if isinstance(model, nn.Module) else entry_from_spec(model, name)


def _protocol(protocol: str | Path | Protocol, face_set: FaceSet) -> Protocol:
    """A protocol as it applies to a face set: adapted where the HR images have another size."""
    loaded = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    sizes = face_set.manifest.image_sizes
    if len(sizes) != 1 or sizes[0][0] != sizes[0][1]:
        there = ", ".join(f"{height} x {width}" for height, width in sizes)
        raise DataError(f"{face_set.path}: has images of {there} pixels; a protocol scores square images of one size")
    if not loaded.reduction.quantise:
        raise OptionError(
            f"the protocol {loaded.id} does not round LR to 8 bits, and face sets are read as 8-bit LR only"
        )
    return loaded.adapted(sizes[0][0])


def _judges(names: Sequence[str], protocols: Sequence[Protocol]) -> _Judges:
    judges = _Judges({}, {})
    for name in names:
        taken = [protocol.id for protocol in protocols if name in protocol.scoring.scores]
        if taken:
            raise OptionError(f"the score {name!r} is asked for beside {taken[0]}, which has one of that name itself")
        try:
            judges.present[name] = create("score", name)
        except (MissingExtraError, MissingWeightsError) as error:
            judges.absent[name] = str(error)
    return judges


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda") or not (name == kind or (index.isdecimal() and index.isascii())):
        raise OptionError(f"device is {name!r}; 'auto', 'cpu', 'cuda' or 'cuda:N' was expected")
    there = torch.cuda.device_count()
    if kind == "cuda" and int(index or 0) >= there:
        raise OptionError(f"device is {name!r}, and torch finds {there or 'no'} GPU{'s' * (there > 1)} here")
    return torch.device(kind) if kind == "cpu" else torch.device(name)
