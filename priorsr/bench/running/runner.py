"""Run benchmarks: score models over a split under protocols, and write a record for each."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

from priorsr.bench.executors.local_processes import opened
from priorsr.bench.running.benchmark import Benchmark
from priorsr.bench.running.by_workers import records_by
from priorsr.bench.running.entries import BASELINE, Entry, ModelLike, as_entry, baseline
from priorsr.bench.running.given_priors import PriorChoice, chosen_prior, takes_prior
from priorsr.bench.running.processes import started
from priorsr.bench.running.run_plan import RunPlan
from priorsr.bench.store.records import Record
from priorsr.data import FaceSet
from priorsr.errors import OptionError
from priorsr.metrics import Protocol


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
    rerun: bool = False,
    device: str = "auto",
    command: str | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
) -> list[Record]:
    """Benchmark models on a split of a face set; return a record for each model and protocol, in the order given.

    models: one or several; a model in memory, or what `priorsr bench run --model` takes: the name of a model without
        parameters, a weights file, a training run's folder. The baseline `bicubic` always runs too.
    protocols: ids, files, or protocols; each is adapted where the set's HR images have another size. A model runs once
        for each distinct reduction, and its images are scored under all protocols that share it.
    out: the results folder for records and, unless `save_outputs` is false, SR images (8-bit PNG). An existing record
        of the same weights, data, protocol and source code is kept, unless `rerun`.
    name: the label of a single model's row.
    prior: the prior of models that accept one ("optional"). Models that require one always get the ground truth,
        which their records state.
    scores: names of kind `score`, beside the protocol's. A score without its weights or package is left out, and the
        records give the reason.
    command: the command that made the records, stored in them.
    jobs: the number of models that run at once, in processes that share the cores. executor: where the models run
        instead, such as `open_cluster("dask://HOST:PORT", out)`, or any other of `concurrent.futures`; its workers must
        share `out`, `data` and the models' files. With either, models are given by name or file.

    Raises PriorsrError for every mistake in these, before the first model runs if possible.
    """
    given = list(models) if isinstance(models, Sequence) and not isinstance(models, str) else [models]
    if name is not None and len(given) != 1:
        raise OptionError(f"name is {name!r} for {len(given)} models; a name is for one")
    if name is not None and not (isinstance(name, str) and name.strip()):
        raise OptionError(f"name is {name!r:.80}; a text that is not empty was expected")
    with started() as processes, opened(jobs, executor) as workers:
        if workers and processes.world > 1:
            raise OptionError("torchrun's processes share the faces of each model; jobs=1 and no executor was expected")
        plan = RunPlan.check(
            data,
            split,
            protocols,
            out,
            scores=scores,
            batch_size=batch_size,
            save_outputs=save_outputs,
            rerun=rerun,
            device=device,
            command=command,
            processes=processes,
        )
        return run_models(plan, [(model, name) for model in given], prior, workers)


def run_models(
    plan: RunPlan, models: Sequence[tuple[ModelLike, str | None]], prior: PriorChoice, workers: Executor | None
) -> list[Record]:
    """Return a record for each model and protocol of a plan, in the order given; make the unfinished ones.

    models: each with the label of its row. workers: where they run; None: in this process.
    """
    bench = Benchmark(plan)
    bench.sweep()
    return _records(bench, models, prior) if workers is None else records_by(workers, bench, models, prior)


def _records(bench: Benchmark, models: Sequence[tuple[ModelLike, str | None]], prior: PriorChoice) -> list[Record]:
    entries = [None if model == BASELINE else as_entry(model, label) for model, label in models]
    need_priors = any(entry and takes_prior(entry, prior) for entry in entries)
    found: dict[tuple[Entry | None, str], Record] = {}
    for group in bench.groups(with_priors=need_priors):
        base = baseline(group.reduction.scale)
        contenders = {entry: chosen_prior(entry or base, prior, group.loader) for entry in (None, *entries)}
        bench.store_faces(group)
        for entry, given_prior in contenders.items():
            for record in bench.records(entry or base, given_prior, group):
                found[entry, record.protocol.hash] = record
    return [found[entry, protocol.content_hash] for entry in entries for protocol in bench.plan.protocols]
