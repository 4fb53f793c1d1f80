"""What all models of a benchmark share, and which of their records are there already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from rich.console import Console

from priorsr.bench.extra_scores import ExtraScores
from priorsr.bench.faces import store_faces
from priorsr.bench.facts import data_facts, protocol_facts
from priorsr.bench.outputs import are_there
from priorsr.bench.records import DataFacts, Identity, Record
from priorsr.bench.results import outputs_path, read_record, record_path, write_record
from priorsr.bench.running.entries import Entry
from priorsr.bench.running.given_priors import GivenPrior
from priorsr.bench.running.model_run import Measured, ModelRun
from priorsr.bench.running.processes import Processes
from priorsr.bench.running.sweeping import sweep_results
from priorsr.bench.scorer import is_current, known_components
from priorsr.bounds import check_number
from priorsr.data import FaceLoader, FaceSet
from priorsr.errors import DataError, OptionError
from priorsr.memory import keep_freed_memory
from priorsr.metrics import Protocol, Reduction, load_protocol
from priorsr.sources import Component
from priorsr.terminal import Terminal


class Group(NamedTuple):
    """Protocols that share a reduction, and the split's faces with LR made by it."""

    reduction: Reduction
    protocols: Sequence[Protocol]
    loader: FaceLoader


@dataclass(frozen=True)
class Benchmark:
    """What all models of a run share. `protocols` are adapted to the faces' size; see `priorsr.bench.run`.

    score_components: whose code the extra scores are.
    """

    faces: FaceSet
    data: DataFacts
    protocols: tuple[Protocol, ...]
    out: Path
    extra_scores: ExtraScores
    score_components: tuple[Component, ...]
    batch_size: int
    save_outputs: bool
    again: bool
    device: torch.device
    command: str | None
    processes: Processes
    console: Console
    measured: dict[tuple[Any, ...], Measured] = field(default_factory=dict)

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
        command: str | None,
        processes: Processes | None = None,
    ) -> Benchmark:
        """Check what is asked, as `priorsr.bench.run` takes it; raises PriorsrError, and writes nothing."""
        faces = data if isinstance(data, FaceSet) else FaceSet.open(data)
        out, processes = Path(out), processes or Processes()
        if out.exists() and not out.is_dir():
            raise DataError(f"{out}: is a file; a folder for the results was expected")
        check_number("batch_size", batch_size, 1)
        keep_freed_memory()  # first of all, so that no latency depends on what ran before
        loaded = tuple(adapted(protocol, faces) for protocol in protocols)
        extra_scores, used = ExtraScores.find(scores, loaded), processes.device(_device(device))
        extra_scores.to(used)
        return cls(
            faces=faces,
            data=data_facts(faces, split),
            protocols=loaded,
            out=out,
            extra_scores=extra_scores,
            score_components=extra_scores.components,
            batch_size=batch_size,
            save_outputs=save_outputs,
            again=again,
            device=used,
            command=command,
            processes=processes,
            console=Terminal(stderr=True, quiet=not processes.is_main),
        )

    def sweep(self) -> None:
        """Remove from the results folder what killed runs left half-written, and nothing of one that is at work."""
        self.processes.decide(lambda: sweep_results(self.out))

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
                keep=False,
            )
            group = [protocol for protocol in self.protocols if protocol.reduction == reduction]
            yield Group(reduction, group, loader)

    def store_faces(self, group: Group) -> None:
        """Store the faces beside the results: all of them where SR images are kept, else the first ones."""
        reduction = group.reduction.content_hash
        self.processes.decide(lambda: store_faces(group.loader, self.out, reduction, every=self.save_outputs))

    def records(self, entry: Entry, prior: GivenPrior, group: Group) -> list[Record]:
        """A model's records under the protocols of a group: the finished ones, and the others made now."""
        identities = [
            Identity(entry.facts, protocol_facts(protocol), self.data, prior.facts) for protocol in group.protocols
        ]
        run = ModelRun(self, entry, prior, group.loader, identities[0].outputs_id)
        finished = partial(self._finished, entry, identities, [run.components(each) for each in group.protocols])
        records = finished()
        if None in records or run.is_unfinished():
            with run.locked():
                records = finished()  # another process may have been at it
                todo = [place for place, record in enumerate(records) if record is None]
                made = run.records([group.protocols[place] for place in todo], [identities[place] for place in todo])
            for place, record in zip(todo, made, strict=True):
                records[place] = record
        return [record for record in records if record is not None]

    def say(self, text: str) -> None:
        """Tell the user something, on stderr."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def earlier(self, identity: Identity) -> Record | None:
        """The record that is there, whatever code made it; a broken one is told, put aside, and none."""
        path = record_path(self.out, identity.record_id)
        try:
            return read_record(path) if path.exists() else None
        except DataError as error:
            aside = path.rename(path.with_suffix(".broken"))
            self.say(f"{error}; it is kept as {aside.name}, and made again")
            return None

    def _finished(
        self, entry: Entry, identities: Sequence[Identity], components: Sequence[tuple[Component, ...]]
    ) -> list[Record | None]:
        if self.again:
            return [None] * len(identities)
        asked = list(zip(identities, components, strict=True))
        return self.processes.decide(lambda: [self._finished_one(entry, *each) for each in asked])

    def _finished_one(self, entry: Entry, identity: Identity, components: tuple[Component, ...]) -> Record | None:
        """The record of an earlier run, with today's label and card; None if there is none, or it lacks something."""
        record = self.earlier(identity)
        if record is None or not is_current(record, components) or not self._has_extra_scores(record, entry):
            return None
        outputs = record.outputs is not None and are_there(outputs_path(self.out, record.outputs), record.images)
        if self.save_outputs and not outputs:
            return None
        ran = [part for part in known_components(record) if part.used_for != "training"]
        trained = [part for part in entry.components if part.used_for == "training"]
        absent = self.extra_scores.absent_beside(record.extra_scores)
        changes = {
            "model": entry.facts.model_copy(update={"version": record.model.version}),
            "training": entry.training,
            "components": tuple(sorted([*ran, *trained])),
            "links": entry.links,
            "absent": {**record.absent, **absent},
        }
        current = record.model_copy(update=changes)
        if current != record:
            write_record(self.out, current)
        return current

    def _has_extra_scores(self, record: Record, entry: Entry) -> bool:
        """Whether a record has all extra scores that are asked for, made by the same networks."""
        for name, facts in self.extra_scores.facts(entry.training).items():
            known = record.extra_scores.get(name)
            if known is None or known != facts.model_copy(update={"version": known.version}):
                return False
        return True


def adapted(protocol: str | Path | Protocol, face_set: FaceSet) -> Protocol:
    """Return a protocol as it applies to a face set: adapted where the HR images have another size."""
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
