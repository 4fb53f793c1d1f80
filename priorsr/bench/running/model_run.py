"""One model over a split: batches run or read back, scored, kept as they are done, and at the end made records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from priorsr.bench.evaluation import Evaluation, evaluate, prior_on, ready_to_score, super_resolve
from priorsr.bench.facts import protocol_component
from priorsr.bench.images import load_images
from priorsr.bench.outputs import BrokenOutputsError, OutputFacts, Saved, find_outputs, publish, save_outputs
from priorsr.bench.records import FORMAT, Cost, Execution, Identity, Record
from priorsr.bench.repeatable import repeatable
from priorsr.bench.results import outputs_path, partial_path, write_record
from priorsr.bench.running.entries import Entry
from priorsr.bench.running.environment import environment
from priorsr.bench.running.given_priors import GivenPrior
from priorsr.bench.running.journal import Journal, locked
from priorsr.bench.running.profile import measure_cost
from priorsr.bench.running.progress import progress
from priorsr.bench.score_facts import SetScore, Statistics
from priorsr.bench.scorer import is_current, known_components, scorer_hash
from priorsr.bench.summaries import score_facts, set_score_facts
from priorsr.containers import Batch
from priorsr.data import FaceLoader
from priorsr.errors import DataError, mistakes_in
from priorsr.files import sha256_json
from priorsr.kernels.dispatch import recorded
from priorsr.metrics import Protocol, to_8bit
from priorsr.metrics.judging import SetJudging
from priorsr.sources import Component, score_use
from priorsr.version import __version__

if TYPE_CHECKING:
    from priorsr.bench.running.benchmark import Benchmark


class Measured(NamedTuple):
    """What a model costs, and what ran its kernels."""

    cost: Cost
    kernel_backends: Mapping[str, str]


class ModelRun:
    """A model, given a prior, over the faces of a loader; `outputs` is the id of its SR images.

    The processes of a benchmark call its methods together: each runs its share of the batches, the main one writes.
    """

    def __init__(self, bench: Benchmark, entry: Entry, prior: GivenPrior, loader: FaceLoader, outputs: str) -> None:
        self._bench, self._entry, self._prior, self._loader = bench, entry, prior, loader
        self._outputs = outputs
        ids, size = loader.ids, loader.batch_size
        self._batches = [ids[start : start + size] for start in range(0, len(ids), size)]
        self._journal = Journal(partial_path(bench.out, outputs), self._batches)
        self._running = tuple(part for part in (*entry.components, *prior.components) if part.used_for != "training")
        self._made_by = sha256_json([part.source for part in self._running])
        self._keep = bench.save_outputs or bool(bench.extra_scores.of_sets)
        self._what = f"{entry.facts.label}, {bench.data.name} {bench.data.split}"

    def components(self, protocol: Protocol) -> tuple[Component, ...]:
        """All components that take part in its record under a protocol."""
        scoring = protocol_component(protocol), *self._bench.score_components
        return tuple(sorted({*self._entry.components, *self._prior.components, *scoring}))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs of the same away; the processes of one run share its lock."""
        if not self._bench.processes.is_main:
            yield
            return
        with locked(partial_path(self._bench.out, f"{self._outputs}.lock"), self._bench.say):
            yield

    def is_unfinished(self) -> bool:
        """Whether a run of it was killed, if only while it cleaned up."""
        return self._bench.processes.decide(lambda: self._journal.exists)

    def records(self, protocols: Sequence[Protocol], identities: Sequence[Identity]) -> list[Record]:
        """Its records under protocols, whose identities are given: of saved SR images where they serve, else anew."""
        decide = self._bench.processes.decide
        if not protocols:
            decide(self._journal.remove)
            return []
        saved = None if self._bench.again else decide(lambda: self._saved(_exact(protocols)))
        if saved and self._score(protocols, saved.read, saved=True):
            return decide(lambda: self._finish(protocols, identities, lambda _: saved.facts))
        measured = self._run_model(protocols)
        return decide(lambda: self._finish(protocols, identities, lambda found: self._publish(found, measured)))

    def _saved(self, exact: bool) -> Saved | None:
        folder = outputs_path(self._bench.out, self._outputs)
        try:
            return find_outputs(folder, self._outputs, self._made_by, self._loader.ids, arrays=exact)
        except BrokenOutputsError as error:
            self._bench.say(f"{error}; the model runs again")
            return None

    def _run_model(self, protocols: Sequence[Protocol]) -> Measured | None:
        """Run the model over all faces, and measure it in the main process."""
        bench = self._bench
        with ready_to_score(self._entry.model, bench.device) as model:

            def answer(batch: Batch) -> Tensor:
                with mistakes_in(self._entry.source):
                    return super_resolve(model, batch, self._prior.of(batch), bench.device).cpu()

            self._score(protocols, answer, saved=False)
            return self._measure(model) if bench.processes.is_main else None

    def _publish(self, found: Evaluation, measured: Measured | None) -> OutputFacts:
        """What is known of the SR images that were made, which take their place if they are to be kept."""
        assert measured is not None, "the main process has measured the model"
        bench = self._bench
        facts = OutputFacts(
            format=1,
            id=self._outputs,
            made_by=self._made_by,
            images=found.images,
            arrays=found.arrays or None,
            cost=measured.cost,
            execution=Execution(batch_size=bench.batch_size, processes=bench.processes.world),
            kernel_backends=dict(measured.kernel_backends),
            environment=environment(bench.device),
        )
        if bench.save_outputs:
            publish(self._journal.images, outputs_path(bench.out, self._outputs), facts)
        return facts

    def _measure(self, model: nn.Module) -> Measured:
        bench, first = self._bench, self._loader.faces(self._batches[0])
        given = prior_on(self._prior.of(first), bench.device)
        key = (self._entry.model, first.lr.shape, given is None)  # which prior it is costs the model nothing
        if key not in bench.measured:
            with recorded() as backends:
                cost = measure_cost(model, first.lr.to(bench.device), given)
            bench.measured[key] = Measured(cost, backends)
        return bench.measured[key]

    def _score(self, protocols: Sequence[Protocol], answer: Callable[[Batch], Tensor], *, saved: bool) -> bool:
        """Score what `answer` gives for the batches that are not in the journal yet, so that it holds all.

        saved: whether these are saved images; else they are saved if they are to be kept. False if they are broken.
        """
        bench, journal, loader = self._bench, self._journal, self._loader
        keep, processes = self._keep and not saved, bench.processes
        processes.decide(lambda: journal.prepare(self._key(protocols, keep=keep, saved=saved)))
        done = journal.read(images=keep)
        processes.wait()  # all have read before the first one adds
        before = sum(len(self._batches[index]) for index in done)
        if before:
            bench.say(f"{self._what}: goes on after {before:,} of {len(loader.ids):,} faces")
        mine = [index for index in range(len(self._batches)) if index not in done][processes.rank :: processes.world]
        broken = None
        with progress(bench.console, self._what, len(loader.ids), before) as advance, repeatable(bench.device):
            try:
                for index, batch in zip(mine, _ahead(loader, [self._batches[index] for index in mine]), strict=True):
                    sr = answer(batch)
                    if index == mine[0]:
                        self._try_set_scores(sr, batch)
                    found = evaluate(sr, batch, protocols, bench.extra_scores.of_images, bench.device)
                    if keep:
                        arrays = save_outputs(sr, batch.ids, journal.images, arrays=_exact(protocols))
                        found = found._replace(arrays=arrays)
                    journal.add(index, found, processes.rank)
                    advance(len(batch.ids) * processes.world)
            except BrokenOutputsError as error:
                broken = str(error)
        broken = processes.first(broken)
        if broken:
            bench.say(f"{broken}; the model runs again")
        return broken is None

    def _try_set_scores(self, sr: Tensor, batch: Batch) -> None:
        """Hand a batch to the scores of sets, which see the set at the end, so that a broken one ends the run now."""
        device = self._bench.device
        with torch.inference_mode():
            shown, hr = (to_8bit(sr).float() / 255).to(device), batch.hr.to(device)
            for name, score in self._bench.extra_scores.of_sets.items():
                SetJudging(name, score).add(shown, hr, batch.ids)

    def _key(self, protocols: Sequence[Protocol], *, keep: bool, saved: bool) -> str:
        """A hash of all that decides what the journal holds, to the last digit."""
        bench = self._bench
        return sha256_json(
            {
                "made_by": self._made_by,
                "scorer": scorer_hash(),
                "protocols": [protocol.content_hash for protocol in protocols],
                "extra_scores": {
                    name: facts.model_dump() for name, facts in bench.extra_scores.facts(self._entry.training).items()
                },
                "components": [part.source for part in bench.score_components],
                "batch_size": bench.batch_size,
                "environment": environment(bench.device).model_dump(),
                "saved": saved,
                "keep": keep,
                "again": bench.again,
            }
        )

    def _found(self) -> Evaluation:
        """All that the journal holds; raises DataError where a batch is missing."""
        found = self._journal.read(images=False)
        missing = [index for index in range(len(self._batches)) if index not in found]
        if missing:
            raise DataError(
                f"{self._bench.out}: lacks what other processes found, such as of the face "
                f"{self._batches[missing[0]][0]!r}; a folder that all processes share was expected"
            )
        return Evaluation.join([found[index] for index in range(len(self._batches))])

    def _finish(
        self,
        protocols: Sequence[Protocol],
        identities: Sequence[Identity],
        facts_of: Callable[[Evaluation], OutputFacts],
    ) -> list[Record]:
        """Make records of what the journal holds, write them, and remove it."""
        found = self._found()
        facts, of_set = facts_of(found), self._set_scores()
        records = [
            self._record(identity, protocol, found, of_set, facts)
            for identity, protocol in zip(identities, protocols, strict=True)
        ]
        for record in records:
            write_record(self._bench.out, record)
        self._journal.remove()
        return records

    def _set_scores(self) -> dict[str, SetScore]:
        """What the scores of sets say of the SR images, which are read back in the order of their ids."""
        bench, extra_scores = self._bench, self._bench.extra_scores.of_sets
        if not extra_scores:
            return {}
        unpublished = self._journal.images
        folder = unpublished if unpublished.is_dir() else outputs_path(bench.out, self._outputs)
        seen = {name: SetJudging(name, score) for name, score in extra_scores.items()}
        what = f"{self._what}: {', '.join(extra_scores)}"
        with progress(bench.console, what, len(self._loader.ids), 0) as advance, repeatable(bench.device):
            for batch in _ahead(self._loader, self._batches):
                sr, hr = load_images(batch.ids, folder).to(bench.device), batch.hr.to(bench.device)
                with torch.inference_mode():
                    for accumulator in seen.values():
                        accumulator.add(sr, hr, batch.ids)
                advance(len(batch.ids))
        return set_score_facts(seen, extra_scores, len(self._loader.ids))

    def _record(
        self,
        identity: Identity,
        protocol: Protocol,
        found: Evaluation,
        of_set: Mapping[str, SetScore],
        facts: OutputFacts,
    ) -> Record:
        bench, entry = self._bench, self._entry
        scores = score_facts(found, protocol, bench.extra_scores.of_images)
        extra_scores = bench.extra_scores.facts(entry.training)
        components = self.components(protocol)
        earlier = None if bench.again else bench.earlier(identity)
        if earlier and is_current(earlier, self._running) and earlier.images == found.images:
            kept = earlier.extra_scores.keys() - extra_scores.keys()  # asked for then, and not now
            uses = set(map(score_use, kept))
            components += tuple(part for part in known_components(earlier) if part.used_for in uses)
            scores |= {name: earlier.scores[name] for name in earlier.scores if name in kept}
            of_set = {**of_set, **{name: earlier.set_scores[name] for name in earlier.set_scores if name in kept}}
            extra_scores |= {name: earlier.extra_scores[name] for name in earlier.extra_scores if name in kept}
        return Record(
            format=FORMAT,
            id=identity.record_id,
            origin="run",
            model=identity.model,
            training=entry.training,
            protocol=identity.protocol,
            data=identity.data,
            prior=identity.prior,
            components=tuple(sorted(components)),
            links=entry.links,
            images=found.images,
            scores=scores,
            set_scores=dict(of_set),
            extra_scores=extra_scores,
            absent=bench.extra_scores.absent_beside(extra_scores),
            statistics=Statistics(interval="Hall's t over images"),
            cost=facts.cost,
            execution=facts.execution,
            kernel_backends=facts.kernel_backends,
            environment=facts.environment,
            outputs=facts.id if bench.save_outputs else None,
            scorer_version=__version__,
            scorer_hash=scorer_hash(),
            created=datetime.now(UTC).replace(microsecond=0),
            command=bench.command,
        )


def _exact(protocols: Sequence[Protocol]) -> bool:
    """Whether one of the protocols scores what the model answered, not rounded to 8 bits."""
    return not all(protocol.scoring.quantise for protocol in protocols)


def _ahead(loader: FaceLoader, batches: Sequence[Sequence[str]]) -> Iterator[Batch]:
    """The batches of faces, each loaded while the one before is worked on."""
    with ThreadPoolExecutor(1) as pool:
        waiting = [pool.submit(loader.faces, faces) for faces in batches[:1]]
        for faces in batches[1:]:
            waiting.append(pool.submit(loader.faces, faces))
            yield waiting.pop(0).result()
        if waiting:
            yield waiting.pop(0).result()
