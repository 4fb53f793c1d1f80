"""Run one model over a split: run or read back batches, score and keep each, and make records at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from priorsr.bench.running.entries import Entry
from priorsr.bench.running.environment import environment
from priorsr.bench.running.given_priors import GivenPrior
from priorsr.bench.running.journal import Journal, locked
from priorsr.bench.running.new_record import new_record
from priorsr.bench.running.profile import measure_cost
from priorsr.bench.running.progress import progress
from priorsr.bench.running.run_plan import RunPlan
from priorsr.bench.scoring.deterministic import deterministic
from priorsr.bench.scoring.evaluation import Evaluation, evaluate, ready_to_score, super_resolve
from priorsr.bench.scoring.record_parts import protocol_component
from priorsr.bench.scoring.scorer import scorer_hash
from priorsr.bench.scoring.summaries import set_score_facts
from priorsr.bench.store.outputs import (
    BrokenOutputsError,
    OutputFacts,
    Saved,
    find_outputs,
    need_arrays,
    publish,
    save_outputs,
)
from priorsr.bench.store.records import Record, ResultIdentity
from priorsr.bench.store.results import lock_path, outputs_path, partial_path, write_record
from priorsr.bench.store.run_facts import Cost, Execution
from priorsr.bench.store.score_facts import RecordedSetScore
from priorsr.bench.store.stored_images import load_images
from priorsr.containers import Batch
from priorsr.data import FaceLoader
from priorsr.errors import DataError, mistakes_in
from priorsr.execution.stopping import StoppedError, is_asked_to_stop
from priorsr.files import sha256_json
from priorsr.kernels.dispatch import recorded
from priorsr.metrics import Protocol, to_8bit
from priorsr.metrics.score_calls import SetScoring
from priorsr.sources import Component


class Measured(NamedTuple):
    """The cost of a model, and the backends that ran its kernels."""

    cost: Cost
    kernel_backends: Mapping[str, str]


class ModelRun:
    """A model, given a prior, over the faces of a loader; `outputs` is the id of its SR images.

    All processes of a benchmark call its methods together: each runs its share of the batches, the main one writes.
    """

    def __init__(
        self,
        plan: RunPlan,
        measured: dict[tuple[Any, ...], Measured],
        entry: Entry,
        prior: GivenPrior,
        loader: FaceLoader,
        outputs: str,
    ) -> None:
        self._plan, self._known = plan, measured
        self._entry, self._prior, self._loader = entry, prior, loader
        self._outputs = outputs
        ids, size = loader.ids, loader.batch_size
        self._batches = [ids[start : start + size] for start in range(0, len(ids), size)]
        self._journal = Journal(partial_path(plan.out, outputs), self._batches)
        self._running = tuple(part for part in (*entry.components, *prior.components) if part.used_for != "training")
        self._made_by = sha256_json([part.source for part in self._running])
        self._keep = plan.save_outputs or bool(plan.extra_scores.of_sets)
        self._what = f"{entry.facts.label}, {plan.data.name} {plan.data.split}"

    def components(self, protocol: Protocol) -> tuple[Component, ...]:
        """Return all components that take part in the model's record under a protocol."""
        scoring = protocol_component(protocol), *self._plan.score_components
        return tuple(sorted({*self._entry.components, *self._prior.components, *scoring}))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs of the same model away; the processes of one run share its lock."""
        if not self._plan.processes.is_main:
            yield
            return
        with locked(lock_path(partial_path(self._plan.out, self._outputs)), self._plan.report):
            yield

    def is_unfinished(self) -> bool:
        """Return whether an earlier run was killed, perhaps while it cleaned up."""
        return self._plan.processes.decide(lambda: self._journal.exists)

    def records(self, protocols: Sequence[Protocol], identities: Sequence[ResultIdentity]) -> list[Record]:
        """Return the records under protocols of these identities: from saved SR images where possible, else from a
        new run.
        """
        decide = self._plan.processes.decide
        if not protocols:
            decide(self._journal.remove)
            return []
        saved = None if self._plan.rerun else decide(lambda: self._saved(need_arrays(protocols)))
        if saved and self._score(protocols, saved.read, saved=True):
            return decide(lambda: self._finish(protocols, identities, lambda _: saved.facts))
        measured = self._run_model(protocols)
        return decide(lambda: self._finish(protocols, identities, lambda found: self._publish(found, measured)))

    def _saved(self, exact: bool) -> Saved | None:
        folder = outputs_path(self._plan.out, self._outputs)
        try:
            return find_outputs(folder, self._outputs, self._made_by, self._loader.ids, arrays=exact)
        except BrokenOutputsError as error:
            self._plan.report(f"{error}; the model runs again")
            return None

    def _run_model(self, protocols: Sequence[Protocol]) -> Measured | None:
        """Run the model over all faces, and measure it in the main process."""
        plan = self._plan
        with ready_to_score(self._entry.model, plan.device) as model:

            def answer(batch: Batch) -> Tensor:
                with mistakes_in(self._entry.source):
                    return super_resolve(model, batch, self._prior.of(batch), plan.device).cpu()

            self._score(protocols, answer, saved=False)
            return self._measure(model) if plan.processes.is_main else None

    def _publish(self, found: Evaluation, measured: Measured | None) -> OutputFacts:
        """Return the facts of the new SR images, and move them to their place if they are to be kept."""
        assert measured is not None, "the main process has measured the model"
        plan = self._plan
        facts = OutputFacts(
            format=1,
            id=self._outputs,
            made_by=self._made_by,
            images=found.images,
            arrays=found.arrays or None,
            cost=measured.cost,
            execution=Execution(batch_size=plan.batch_size, processes=plan.processes.world),
            kernel_backends=dict(measured.kernel_backends),
            environment=environment(plan.device),
        )
        if plan.save_outputs:
            publish(self._journal.images, outputs_path(plan.out, self._outputs), facts)
        return facts

    def _measure(self, model: nn.Module) -> Measured:
        plan, first = self._plan, self._loader.faces(self._batches[0])
        prior = self._prior.of(first)
        given = None if prior is None else prior.to(plan.device)
        key = (self._entry.model, first.lr.shape, given is None)  # which prior it is costs the model nothing
        if key not in self._known:
            with recorded() as backends:
                cost = measure_cost(model, first.lr.to(plan.device), given)
            self._known[key] = Measured(cost, backends)
        return self._known[key]

    def _score(self, protocols: Sequence[Protocol], answer: Callable[[Batch], Tensor], *, saved: bool) -> bool:
        """Score the images of `answer` for the batches that the journal lacks; return False for broken images.

        saved: whether these are saved images; new images are saved if the run keeps them.
        """
        plan, journal, loader = self._plan, self._journal, self._loader
        keep, processes = self._keep and not saved, plan.processes
        processes.decide(lambda: journal.prepare(self._key(protocols, keep=keep, saved=saved)))
        done = journal.read(images=keep)
        processes.wait()  # all have read before the first one adds
        before = sum(len(self._batches[index]) for index in done)
        if before:
            plan.report(f"{self._what}: continues after {before:,} of {len(loader.ids):,} faces")
        mine = [index for index in range(len(self._batches)) if index not in done][processes.rank :: processes.world]
        broken = None
        with progress(plan.console, self._what, len(loader.ids), before) as advance, deterministic(plan.device):
            try:
                for index, batch in zip(mine, _ahead(loader, [self._batches[index] for index in mine]), strict=True):
                    sr = answer(batch)
                    if index == mine[0]:
                        self._try_set_scores(sr, batch)
                    found = evaluate(sr, batch, protocols, plan.extra_scores.of_images, plan.device)
                    if keep:
                        arrays = save_outputs(sr, batch.ids, journal.images, arrays=need_arrays(protocols))
                        found = found._replace(arrays=arrays)
                    journal.add(index, found, processes.rank)
                    advance(len(batch.ids) * processes.world)
                    if is_asked_to_stop():
                        raise StoppedError(f"{self._what}: stopped after a batch; the same command or call continues")
            except BrokenOutputsError as error:
                broken = str(error)
        broken = processes.first(broken)
        if broken:
            plan.report(f"{broken}; the model runs again")
        return broken is None

    def _try_set_scores(self, sr: Tensor, batch: Batch) -> None:
        """Try the scores of sets on a batch, so that a broken one ends the run now, not after all batches."""
        device = self._plan.device
        with torch.inference_mode():
            shown, hr = (to_8bit(sr).float() / 255).to(device), batch.hr.to(device)
            for name, score in self._plan.extra_scores.of_sets.items():
                SetScoring(name, score).add(shown, hr, batch.ids)

    def _key(self, protocols: Sequence[Protocol], *, keep: bool, saved: bool) -> str:
        """Return a hash of everything that the journal's content depends on, to the last digit."""
        plan = self._plan
        return sha256_json(
            {
                "made_by": self._made_by,
                "scorer": scorer_hash(),
                "protocols": [protocol.content_hash for protocol in protocols],
                "extra_scores": {
                    name: facts.model_dump() for name, facts in plan.extra_scores.facts(self._entry.training).items()
                },
                "components": [part.source for part in plan.score_components],
                "batch_size": plan.batch_size,
                "environment": environment(plan.device).model_dump(),
                "saved": saved,
                "keep": keep,
                "rerun": plan.rerun,
            }
        )

    def _found(self) -> Evaluation:
        """Return everything in the journal; raises DataError where a batch is missing."""
        found = self._journal.read(images=False)
        missing = [index for index in range(len(self._batches)) if index not in found]
        if missing:
            raise DataError(
                f"{self._plan.out}: lacks the results of other processes, such as those of the face "
                f"{self._batches[missing[0]][0]!r}; a folder that all processes share was expected"
            )
        return Evaluation.join([found[index] for index in range(len(self._batches))])

    def _finish(
        self,
        protocols: Sequence[Protocol],
        identities: Sequence[ResultIdentity],
        facts_of: Callable[[Evaluation], OutputFacts],
    ) -> list[Record]:
        """Make records from the journal, write them, and remove the journal."""
        found = self._found()
        facts, of_set = facts_of(found), self._set_scores()
        records = [
            new_record(self._plan, self._entry, self.components(protocol), identity, protocol, found, of_set, facts)
            for identity, protocol in zip(identities, protocols, strict=True)
        ]
        for record in records:
            write_record(self._plan.out, record)
        self._journal.remove()
        return records

    def _set_scores(self) -> dict[str, RecordedSetScore]:
        """Return the scores of sets, for which the SR images are read back in the order of their ids."""
        plan, extra_scores = self._plan, self._plan.extra_scores.of_sets
        if not extra_scores:
            return {}
        unpublished = self._journal.images
        folder = unpublished if unpublished.is_dir() else outputs_path(plan.out, self._outputs)
        seen = {name: SetScoring(name, score) for name, score in extra_scores.items()}
        what = f"{self._what}: {', '.join(extra_scores)}"
        with progress(plan.console, what, len(self._loader.ids), 0) as advance, deterministic(plan.device):
            for batch in _ahead(self._loader, self._batches):
                sr, hr = load_images(batch.ids, folder).to(plan.device), batch.hr.to(plan.device)
                with torch.inference_mode():
                    for accumulator in seen.values():
                        accumulator.add(sr, hr, batch.ids)
                advance(len(batch.ids))
        return set_score_facts(seen, extra_scores, len(self._loader.ids))


def _ahead(loader: FaceLoader, batches: Sequence[Sequence[str]]) -> Iterator[Batch]:
    """Return the batches of faces, each loaded while the one before is worked on."""
    with ThreadPoolExecutor(1) as pool:
        waiting = [pool.submit(loader.faces, faces) for faces in batches[:1]]
        for faces in batches[1:]:
            waiting.append(pool.submit(loader.faces, faces))
            yield waiting.pop(0).result()
        if waiting:
            yield waiting.pop(0).result()
