"""What all models of a benchmark share, and how each of its records is made or found again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import track

from priorsr.bench.entries import Entry
from priorsr.bench.environment import environment
from priorsr.bench.evaluation import Evaluation, evaluate, prior_on, ready_to_score
from priorsr.bench.facts import data_facts, protocol_facts, score_facts
from priorsr.bench.given_priors import GivenPrior
from priorsr.bench.images import save_images, whole_folder
from priorsr.bench.profile import measure_cost
from priorsr.bench.records import FORMAT, Cost, DataFacts, Identity, Record, Score, Statistics
from priorsr.bench.results import outputs_path, read_record, record_path, write_record
from priorsr.bench.statistics.bootstrap import RESAMPLES
from priorsr.data import FaceLoader, FaceSet
from priorsr.errors import DataError, MissingExtraError, MissingWeightsError, OptionError
from priorsr.kinds import Score as Judge
from priorsr.metrics import Protocol, Reduction, load_protocol
from priorsr.registry import create
from priorsr.version import __version__


class _Judges(NamedTuple):
    """Scores of kind `score` that are there, and those that are not, with the reason."""

    present: dict[str, Judge]
    absent: dict[str, str]


class Group(NamedTuple):
    """Protocols that share a reduction, and the split's faces with LR made by it."""

    reduction: Reduction
    protocols: Sequence[Protocol]
    loader: FaceLoader


@dataclass(frozen=True)
class Benchmark:
    """What all models of a run share. `protocols` are adapted to the faces' size; see `priorsr.bench.run`."""

    faces: FaceSet
    data: DataFacts
    protocols: tuple[Protocol, ...]
    out: Path
    judges: _Judges
    batch_size: int
    save_outputs: bool
    again: bool
    device: torch.device
    seed: int
    command: str | None
    costs: dict[tuple[object, ...], Cost] = field(default_factory=dict)

    @classmethod
    def prepare(
        cls,
        data: str | Path | FaceSet,
        split: str,
        protocols: Sequence[str | Path | Protocol],
        out: str | Path,
        *,
        scores: Sequence[str],
        batch_size: int,
        save_outputs: bool,
        again: bool,
        device: str,
        seed: int,
        command: str | None,
    ) -> Benchmark:
        """Check what is asked, as `priorsr.bench.run` takes it; raises PriorsrError, and writes nothing."""
        faces = data if isinstance(data, FaceSet) else FaceSet.open(data)
        out = Path(out)
        if out.exists() and not out.is_dir():
            raise DataError(f"{out}: is a file; a folder for the results was expected")
        if seed < 0:
            raise OptionError(f"seed is {seed}; 0 or more was expected")
        adapted = tuple(_adapted(protocol, faces) for protocol in protocols)
        return cls(
            faces=faces,
            data=data_facts(faces, split),
            protocols=adapted,
            out=out,
            judges=_judges(scores, adapted),
            batch_size=batch_size,
            save_outputs=save_outputs,
            again=again,
            device=_device(device),
            seed=seed,
            command=command,
        )

    def groups(self, *, with_priors: bool) -> Iterator[Group]:
        """The protocols, grouped by the reduction that they share, and the split's faces so reduced."""
        for reduction in dict.fromkeys(protocol.reduction for protocol in self.protocols):
            loader = FaceLoader(
                self.faces,
                self.data.split,
                batch_size=self.batch_size,
                reduction=reduction.kernel,
                scale=reduction.scale,
                priors=None if with_priors else (),
            )
            group = [protocol for protocol in self.protocols if protocol.reduction == reduction]
            yield Group(reduction, group, loader)

    def records(self, entry: Entry, prior: GivenPrior, group: Group) -> list[Record]:
        """A model's records under the protocols of a group: the finished ones, and the others made now."""
        protocols = group.protocols
        identities = [Identity(entry.facts, protocol_facts(protocol), self.data, prior.facts) for protocol in protocols]
        records = [None if self.again else self.finished(entry, identity) for identity in identities]
        todo = [place for place, record in enumerate(records) if record is None]
        if todo:
            chosen = group._replace(protocols=[protocols[place] for place in todo])
            evaluation, cost = self.evaluate(entry, prior, chosen, identities[todo[0]])
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

    def evaluate(self, entry: Entry, prior: GivenPrior, group: Group, identity: Identity) -> tuple[Evaluation, Cost]:
        """Run a model over the split once, keep its images, and measure what it costs."""
        loader = group.loader
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
            ready_to_score(entry.model, self.device) as model,
            whole_folder(folder, self.data.count) if self.save_outputs else nullcontext() as beside,
        ):
            evaluation = evaluate(
                model,
                batches,
                group.protocols,
                self.judges.present,
                device=self.device,
                prior_of=prior.of,
                keep=None if beside is None else lambda sr, ids: save_images(sr, ids, beside),
            )
            first = loader.faces(loader.ids[: loader.batch_size])
            given = prior_on(prior.of(first), self.device)
            key = (entry.model, first.lr.shape, given is None)  # which prior it is costs the model nothing
            if key not in self.costs:
                self.costs[key] = measure_cost(model, first.lr.to(self.device), given)
            return evaluation, self.costs[key]

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


def _adapted(protocol: str | Path | Protocol, face_set: FaceSet) -> Protocol:
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
