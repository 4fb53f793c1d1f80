"""Score one model under protocols that share a reduction, as a task for an executor's workers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from priorsr.bench.running.benchmark import Benchmark, ProtocolGroup
from priorsr.bench.running.entries import BASELINE, Entry, as_entry, baseline
from priorsr.bench.running.given_priors import GivenPrior, PriorChoice, chosen_prior, takes_prior
from priorsr.bench.running.run_plan import RunPlan
from priorsr.bench.store.records import Record
from priorsr.data.manifest import NAME as MANIFEST
from priorsr.metrics import Protocol


@dataclass(frozen=True)
class ScoringTask:
    """A model's run over a split.

    label: of its row. total: the number of faces. files: those that it reads. unfinished: the folder of its journal.
    """

    label: str
    total: int
    files: frozenset[Path]
    model: str
    data: str
    split: str
    protocols: tuple[Protocol, ...]
    out: str
    prior: PriorChoice
    settings: dict[str, Any]
    unfinished: str

    @classmethod
    def of(
        cls, bench: Benchmark, model: str, entry: Entry, prior: PriorChoice, given: GivenPrior, group: ProtocolGroup
    ) -> ScoringTask:
        """Return the task that makes what `bench.records(entry, given, group)` makes here."""
        plan = bench.plan
        return cls(
            label=entry.facts.label,
            total=len(group.loader.ids),
            files=frozenset({plan.faces.path / MANIFEST, *_files(model, entry)}),
            model=model,
            data=str(plan.faces.path),
            split=plan.data.split,
            protocols=tuple(group.protocols),
            out=str(plan.out),
            prior=prior,
            settings={
                "scores": plan.scores,
                "batch_size": plan.batch_size,
                "save_outputs": plan.save_outputs,
                "rerun": plan.rerun,
                "device": plan.asked_device,
                "command": plan.command,
            },
            unfinished=str(bench.unfinished(entry, given, group)),
        )

    def done(self) -> int:
        """Return the number of faces whose scores are in the journal."""
        lines = 0
        for path in Path(self.unfinished).glob("scores-*.jsonl"):
            lines += path.read_bytes().count(b"\n") // 2  # each of them begins with a line end
        return min(lines * self.settings["batch_size"], self.total)

    def work(self, report: Callable[[str], None]) -> list[Record]:
        """Make the model's records."""
        plan = RunPlan.check(self.data, self.split, self.protocols, self.out, **self.settings, notes=report)
        bench = Benchmark(plan)
        scale = self.protocols[0].reduction.scale
        entry = baseline(scale) if self.model == BASELINE else as_entry(self.model, self.label)
        (group,) = bench.groups(with_priors=takes_prior(entry, self.prior))
        return bench.records(entry, chosen_prior(entry, self.prior, group.loader), group)


def _files(model: str, entry: Entry) -> set[Path]:
    """Return the files that a worker reads to make a model: its weights', or the one in another format."""
    return {Path(name) for name in (entry.source, model, model.rpartition(":")[0]) if name and Path(name).is_file()}
