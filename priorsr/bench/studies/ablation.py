"""Ablations: train and score variants of a recipe under the same conditions, with several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from priorsr.bench.executors.local_processes import MOST_JOBS, opened
from priorsr.bench.running.entries import BASELINE
from priorsr.bench.running.environment import environment
from priorsr.bench.running.given_priors import PriorChoice
from priorsr.bench.running.run_plan import RunPlan
from priorsr.bench.running.runner import run_models
from priorsr.bench.store.records import Record
from priorsr.bench.studies.ablation_plan import Budget, Plan, check_for_processes, check_scales, make_plans, settle
from priorsr.bench.studies.ablation_report import Ablation, RunFacts, VariantFacts, write_ablation
from priorsr.bench.studies.study_scores import RuleFacts, ScoreFacts, row_scores, shared_scores
from priorsr.bench.studies.trainings import Training, times, train_all
from priorsr.bench.studies.variants import make_variants
from priorsr.bounds import MOST, check_number
from priorsr.data import FaceSet
from priorsr.metrics import Protocol
from priorsr.training.blueprint import plain
from priorsr.training.run_folder import RunFolder
from priorsr.version import __version__

MOST_SEEDS = 10_000  # of a variant, each a training

Runs = Sequence[Sequence[Record]]
"""For every seed, its records under each protocol."""


def ablate(
    recipe: str,
    *,
    data: str | Path | FaceSet,
    split: str,
    out: str | Path,
    vary: Mapping[str, Sequence[Any]],
    steps: int,
    seeds: int = 3,
    full: bool = False,
    preset: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    product: str | None = None,
    protocols: Sequence[str | Path | Protocol] = ("priorsr@1",),
    scores: Sequence[str] = (),
    prior: PriorChoice = "none",
    jobs: int = 1,
    executor: Executor | None = None,
    batch_size: int = 16,
    save_outputs: bool = True,
    device: str = "auto",
    command: str | None = None,
    console: Console | None = None,
) -> Ablation:
    """Train variants of a recipe under the same conditions, score them, and compare each with the base.

    recipe, preset, overrides: the base, as `priorsr.training.train` takes them. vary: keys of its config, each with the
        values to try one at a time, or with `full` in every combination.
    steps: training steps of every run, all stages together: the same budget for all variants and repetitions, which
        minutes would not be. seeds: the number of training seeds of each variant, from 0.
    product: the module that is scored; the last stage's, unless given. It must be a model in every variant.
    jobs: the number of runs at once, in processes that share the cores. executor: where runs are trained and scored
        instead, such as `open_cluster("dask://HOST:PORT", out)`, or any other of `concurrent.futures`; its workers must
        share `out`, `data`, the current folder and the files that `overrides` name.
    out: the folder for the runs (OUT/runs), a results folder (OUT/results), and the result: ablation.json (also
        returned), ablation.md and ablation.png (of the first protocol's first score). The same call continues an
        interrupted one; more seeds train the missing ones only; a call that would train something else is refused.
    The other options are those of `priorsr.bench.run`; `batch_size` and `device` concern scoring.
    console: where progress is printed.

    Raises PriorsrError for every mistake, before anything is trained if possible, and
    TrainingInterruptedError once the runs under way are saved after Ctrl-C or SIGTERM.
    """
    for name, value, most in (("steps", steps, MOST), ("seeds", seeds, MOST_SEEDS), ("jobs", jobs, MOST_JOBS)):
        check_number(name, value, 1, most)
    faces, out = data if isinstance(data, FaceSet) else FaceSet.open(data), Path(out)
    variants = make_variants(recipe, preset, overrides or {}, vary, full=full)
    budget = Budget(recipe, preset, steps, seeds)
    plans = make_plans(variants, budget, product, faces, out)
    if jobs > 1 or executor is not None:
        check_for_processes(budget, plans)
    where = RunPlan.check(
        faces,
        split,
        protocols,
        out / "results",
        scores=scores,
        batch_size=batch_size,
        save_outputs=save_outputs,
        rerun=False,
        device=device,
        command=command,
    )
    check_scales(plans, where.protocols)
    with opened(jobs, executor) as workers:
        settle(out, variants, vary, full, budget, faces)
        train_all([training for plan in plans for training in plan.trainings], workers, out, console)
        bicubic, records = _scored(plans, where, prior, workers, console)
    shared = [
        shared_scores([example, *(run[place] for runs in records for run in runs)])
        for place, example in enumerate(bicubic)
    ]
    scores_of = [
        row_scores([[run[place] for run in runs] for runs in records], names) for place, names in enumerate(shared)
    ]
    ablation = Ablation(
        format=2,
        recipe=recipe,
        preset=preset,
        overrides=plain(overrides or {}),
        vary={key: tuple(values) for key, values in plain(vary).items()},
        base_values=plain(variants.base_values),
        full=full,
        steps=steps,
        seeds=seeds,
        product=plans[0].product,
        data=where.data,
        protocols=tuple(record.protocol for record in bicubic),
        variants=tuple(
            _variant_facts(plan, runs, [found[place] for found in scores_of], out)
            for place, (plan, runs) in enumerate(zip(plans, records, strict=True))
        ),
        baseline={
            record.protocol.id: {name: record.scores[name].mean for name in names}
            for record, names in zip(bicubic, shared, strict=True)
        },
        absent=where.extra_scores.absent,
        statistics=RuleFacts(),
        environment=environment(where.device),
        scorer_version=__version__,
        created=datetime.now(UTC).replace(microsecond=0),
        command=command,
    )
    write_ablation(ablation, out)
    return ablation


def _scored(
    plans: Sequence[Plan], where: RunPlan, prior: PriorChoice, workers: Executor | None, console: Console | None
) -> tuple[list[Record], list[Runs]]:
    """Return the records of bicubic enlargement under each protocol, and those of every variant's runs."""
    runs: list[tuple[str | Path, str]] = [(BASELINE, BASELINE)]
    runs += [(_weights(training, plan), training.label) for plan in plans for training in plan.trainings]
    made: list[Record] = []
    if workers:
        made = run_models(where, runs, prior, workers)
    else:
        for model, label in runs:  # one model in memory at a time
            if console:
                console.print(f"scoring {label}", markup=False, highlight=False, soft_wrap=True)
            made += run_models(where, [(model, label)], prior, None)
    count = len(where.protocols)
    of_run = iter([made[start : start + count] for start in range(0, len(made), count)])
    return next(of_run), [[next(of_run) for _ in plan.trainings] for plan in plans]


def _weights(training: Training, plan: Plan) -> Path:
    return training.folder / "weights" / f"{plan.product}.safetensors"


def _variant_facts(plan: Plan, runs: Runs, scores: Sequence[dict[str, ScoreFacts]], out: Path) -> VariantFacts:
    """Return the facts of a variant. scores: under each protocol, by name."""
    first = runs[0][0]
    assert first.cost is not None, "it was run here"
    return VariantFacts(
        name=plan.variant.name,
        changes=plain(plan.variant.changes),
        prior=first.prior,
        steps=plan.steps,
        stage=plan.stage,
        parameters=first.cost.parameters,
        macs=first.cost.macs,
        runs=tuple(
            _run_facts(training, plan, found, out) for training, found in zip(plan.trainings, runs, strict=True)
        ),
        scores={record.protocol.id: found for record, found in zip(runs[0], scores, strict=True)},
    )


def _run_facts(training: Training, plan: Plan, records: Sequence[Record], out: Path) -> RunFacts:
    taken, config = times(training.folder), RunFolder(training.folder).read_config()
    weights_hash = records[0].model.weights_hash
    assert weights_hash is not None, "it was run here"
    return RunFacts(
        seed=training.seed,
        folder=training.folder.relative_to(out).as_posix(),
        weights_hash=weights_hash,
        training_seconds=taken.whole,
        seconds_per_step=taken.a_step[plan.stage],
        device=config["device"],
        threads=config["threads"],
        versions=config["versions"],
        records={record.protocol.id: record.id for record in records},
    )
