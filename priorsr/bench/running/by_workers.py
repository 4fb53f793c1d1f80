"""Score models by an executor's workers: a task for each model and each reduction of the protocols."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from priorsr.bench.executors.tasks import run_tasks
from priorsr.bench.running.benchmark import Benchmark, ProtocolGroup
from priorsr.bench.running.entries import BASELINE, Entry, ModelLike, as_entry, baseline
from priorsr.bench.running.given_priors import PriorChoice, chosen_prior, takes_prior
from priorsr.bench.running.scoring_task import ScoringTask
from priorsr.bench.store.records import Record
from priorsr.errors import OptionError


def records_by(
    workers: Executor, bench: Benchmark, models: Sequence[tuple[ModelLike, str | None]], prior: PriorChoice
) -> list[Record]:
    """Return a record for each model and protocol, as `run_models` does, after workers have made the unfinished ones.

    Raises OptionError for a model in memory, which other processes do not have.
    """
    plan = bench.plan
    for model, _ in models:
        if not isinstance(model, str | Path):
            raise OptionError(
                f"a {type(model).__name__} in memory is given as model; with jobs or an executor, a name or a file was "
                "expected (priorsr.save writes one)"
            )
    named = [(str(model), None if model == BASELINE else label) for model, label in models]
    found: dict[tuple[str, str | None, str], Record] = {}
    tasks: list[tuple[tuple[str, str | None], ScoringTask]] = []
    for model, label in dict.fromkeys([(BASELINE, None), *named]):
        for entry, group in _entries(bench, model, label, prior):
            given = chosen_prior(entry, prior, group.loader)
            kept = bench.kept(entry, given, group)
            for record in kept or ():
                found[model, label, record.protocol.hash] = record
            if kept is None:
                tasks.append(((model, label), ScoringTask.of(bench, model, entry, prior, given, group)))
    for group in bench.groups(with_priors=False):
        bench.store_faces(group)
    made = run_tasks(
        [task for _, task in tasks],
        workers,
        out=plan.out,
        what="scoring",
        unit="faces",
        console=plan.console,
    )
    for (key, _), records in zip(tasks, made, strict=True):
        found |= {(*key, record.protocol.hash): record for record in records}
    return [found[*key, protocol.content_hash] for key in named for protocol in plan.protocols]


def _entries(
    bench: Benchmark, model: str, label: str | None, prior: PriorChoice
) -> Iterator[tuple[Entry, ProtocolGroup]]:
    """Yield a model's entry with each group of protocols; bicubic enlargement's has the scale of the group."""
    entry = None if model == BASELINE else as_entry(model, label)
    for group in bench.groups(with_priors=entry is not None and takes_prior(entry, prior)):
        yield entry or baseline(group.reduction.scale), group
