"""Make the records of a run's models over the faces of a split: kept ones and new ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from priorsr.bench.running.entries import Entry
from priorsr.bench.running.finished import finished_record
from priorsr.bench.running.given_priors import GivenPrior
from priorsr.bench.running.model_run import Measured, ModelRun
from priorsr.bench.running.run_plan import RunPlan
from priorsr.bench.running.sweeping import sweep_results
from priorsr.bench.scoring.record_parts import protocol_facts
from priorsr.bench.store.records import Record, ResultIdentity
from priorsr.bench.store.results import partial_path
from priorsr.bench.store.stored_faces import store_faces
from priorsr.data import FaceLoader
from priorsr.metrics import Protocol, Reduction
from priorsr.sources import Component


class ProtocolGroup(NamedTuple):
    """Protocols that share a reduction, and the split's faces with LR made by it."""

    reduction: Reduction
    protocols: Sequence[Protocol]
    loader: FaceLoader


class Benchmark:
    """A run: each model's records under the plan's protocols."""

    def __init__(self, plan: RunPlan) -> None:
        self.plan = plan
        self._measured: dict[tuple[Any, ...], Measured] = {}

    def sweep(self) -> None:
        """Remove half-written files of killed runs from the results folder; files of running ones stay."""
        self.plan.processes.decide(lambda: sweep_results(self.plan.out))

    def groups(self, *, with_priors: bool) -> Iterator[ProtocolGroup]:
        """Return the protocols, grouped by the reduction that they share, and the split's faces so reduced."""
        for reduction in dict.fromkeys(protocol.reduction for protocol in self.plan.protocols):
            loader = FaceLoader(
                self.plan.faces,
                self.plan.data.split,
                batch_size=self.plan.batch_size,
                reduction=reduction,
                priors=None if with_priors else (),
                keep=False,
            )
            group = [protocol for protocol in self.plan.protocols if protocol.reduction == reduction]
            yield ProtocolGroup(reduction, group, loader)

    def store_faces(self, group: ProtocolGroup) -> None:
        """Store the faces beside the results: all of them if SR images are kept, otherwise the first ones."""
        reduction = group.reduction.content_hash
        self.plan.processes.decide(
            lambda: store_faces(group.loader, self.plan.out, reduction, every=self.plan.save_outputs)
        )

    def kept(self, entry: Entry, prior: GivenPrior, group: ProtocolGroup) -> list[Record] | None:
        """Return a model's records under the protocols of a group if all are finished, else None."""
        work = self._work(entry, prior, group)
        records = self._finished(work)
        found = [record for record in records if record is not None]
        return None if len(found) < len(records) or work.run.is_unfinished() else found

    def unfinished(self, entry: Entry, prior: GivenPrior, group: ProtocolGroup) -> Path:
        """Return the folder of a model's unfinished work, whether it is there or not."""
        return partial_path(self.plan.out, self._work(entry, prior, group).identities[0].outputs_id)

    def records(self, entry: Entry, prior: GivenPrior, group: ProtocolGroup) -> list[Record]:
        """Return a model's records under the protocols of a group; make the unfinished ones."""
        work = self._work(entry, prior, group)
        records = self._finished(work)
        if None in records or work.run.is_unfinished():
            with work.run.locked():
                records = self._finished(work)  # another process may have been at it
                todo = [place for place, record in enumerate(records) if record is None]
                made = work.run.records(
                    [group.protocols[place] for place in todo], [work.identities[place] for place in todo]
                )
            for place, record in zip(todo, made, strict=True):
                records[place] = record
        return [record for record in records if record is not None]

    def _work(self, entry: Entry, prior: GivenPrior, group: ProtocolGroup) -> _Work:
        identities = [
            ResultIdentity(entry.facts, protocol_facts(protocol), self.plan.data, prior.facts)
            for protocol in group.protocols
        ]
        run = ModelRun(self.plan, self._measured, entry, prior, group.loader, identities[0].outputs_id)
        return _Work(entry, run, identities, [run.components(protocol) for protocol in group.protocols])

    def _finished(self, work: _Work) -> list[Record | None]:
        if self.plan.rerun:
            return [None] * len(work.identities)
        asked = list(zip(work.identities, work.components, strict=True))
        return self.plan.processes.decide(lambda: [finished_record(self.plan, work.entry, *each) for each in asked])


class _Work(NamedTuple):
    """A model's run for a group of protocols; the identity and the components of its record under each."""

    entry: Entry
    run: ModelRun
    identities: Sequence[ResultIdentity]
    components: Sequence[tuple[Component, ...]]
