"""Start, resume or extend a training run."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import torch
from accelerate import Accelerator
from accelerate.tracking import get_available_trackers
from accelerate.utils import broadcast_object_list
from rich.console import Console

from priorsr.bounds import check_number
from priorsr.data import FaceSet, Pairs, ShardSet, TrainingData, TrainingPairs
from priorsr.data.training_set import OpenedSource, Source, describe, open_source, open_training_data
from priorsr.errors import DataError, OptionError, did_you_mean, mistakes_in
from priorsr.execution.threads import MOST_THREADS, ThreadChoice, choose_threads, torch_threads
from priorsr.memory import keep_freed_memory
from priorsr.text import as_unicode
from priorsr.training.blueprint import Blueprint, blueprint, first_difference, plain, recipe_name
from priorsr.training.checkpoints import Checkpoint
from priorsr.training.extension import extend as lengthen
from priorsr.training.planned_run import Pace, PlannedRun
from priorsr.training.progress_report import ProgressReport
from priorsr.training.run_folder import RunFolder, circumstances
from priorsr.training.run_log import RunLog, flatten
from priorsr.training.settings import Settings
from priorsr.training.setup import Setup
from priorsr.training.trainer import RunResult, Trainer

MOST_WORKERS = 1024


def train(
    recipe: Any,
    data: TrainingData,
    out: str | Path,
    *,
    validation: Source | None = None,
    workers: int = 0,
    broken: Literal["replace", "stop"] = "replace",
    preset: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    seed: int | None = None,
    resume: bool = False,
    extend: int | None = None,
    threads: int | None = None,
    precision: str = "auto",
    channels_last: bool | None = None,
    validate_every: int | None = None,
    log_every: int = 10,
    checkpoint_seconds: float = 60.0,
    track: str | None = None,
    console: Console | None = None,
) -> RunResult:
    """Train a recipe's networks on face sets, shards or Datasets of pairs, and write the run folder `out`.

    recipe: a name, with a `preset` and `overrides` of its config (see `override`), or an instance.
    data: a face set (a folder, or opened), of which the split `train` is used, or several. Each batch mixes their faces
        in proportion to the sets' sizes times their weights, given as ("FOLDER", 2.0) or "FOLDER=2". A prior is loaded
        if every face of every set has it. Alone or among face sets, a map-style torch Dataset of (lr, hr) or
        (lr, hr, Prior), one face per item, in [0, 1] (see `priorsr.data.Pairs`): flips and turns of the recipe apply,
        zoom does not. Items may be random: Python's, NumPy's and torch's generators are seeded for each item.
        Or shards, alone: their folder or index, local or a URL that fsspec knows (see `priorsr.data.shard`).
    validation: a face set or shards, of which the split `val` is used, or a Dataset of pairs. Default: the split `val`
        of the first face set.
    workers: processes that read Datasets and shards; 0 reads Datasets between the steps, and shards in a thread.
    broken: effect of a face in shards that cannot be read: "replace" loads another in its place, and all such faces are
        reported at the end; "stop" ends the run.
    steps, minutes: length of the whole run, divided among the stages by their shares. Without both, each stage has its
        own length. Minutes are converted to steps after a warm-up, before the first step.
    seed: seed of the initial weights, the order of the faces and all random numbers of the steps; 0 unless given.
    resume: continue the run in `out` with its settings (a different setting raises an error), or start it if there is
        none. Files named in its config, such as a loss's weights, are read again, so resume only your own runs. On a
        CPU with the same number of threads, the final weights equal those of an uninterrupted run, bit for bit.
        Implied if torchrun restarts its processes; set TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 for torchrun, since torch
        2.15 can otherwise give the new processes the addresses of the dead ones.
    extend: number of steps to add to the finished run in `out`: its last stage continues from the step where its
        learning rate began to fall, which requires a constant or `stable_decay` schedule. Earlier results move to
        out/earlier.
    threads: number of CPU threads. Default: the resumed run's, else the number that `choose_threads` finds and reports.
    precision: float32, bf16 (autocast; weights stay float32), or auto: bf16 if the device has instructions for it.
    channels_last: keep weights and images in this memory format, unless False.
    validate_every: steps between validations; None: a tenth of the stage, at least 50. log_every: steps per metrics
        line. checkpoint_seconds: the least time between checkpoints, which are written together with a metrics line.
    track: one of Accelerate's trackers, such as tensorboard. console: where to print progress; None prints nothing.

    Afterwards the process keeps the memory that it frees (see `priorsr.memory`).

    Raises PriorsrError for a user's mistake, if possible before anything is written, and TrainingInterruptedError (a
    KeyboardInterrupt) after Ctrl-C or SIGTERM, once the run is saved.
    """
    began = time.monotonic()
    keep_freed_memory()
    asked = Settings(
        recipe=recipe_name(recipe),
        preset=preset,
        overrides=None if overrides is None else plain(overrides),
        steps=steps,
        minutes=minutes,
        seed=seed,
        precision=None if precision == "auto" else precision,
        channels_last=channels_last,
        validate_every=validate_every,
    )
    folder = RunFolder(Path(out))
    accelerator = _accelerator(track, folder)
    report = ProgressReport(console if accelerator.is_main_process else None)
    if extend is not None:
        check_number("extend", extend, 1)
    config = _stored(folder, resume or extend is not None, report)
    if extend is not None and config is None:
        raise DataError(f"{folder.path}: holds no run; the folder of a finished run was expected, to extend it")
    settings = asked.agreed(config, folder.config) if config else asked.completed()
    check_number("workers", workers, 0, MOST_WORKERS)
    choice = _choose_threads(threads, config)
    with torch_threads(choice.threads):
        pace = Pace(settings.validate_every, log_every, checkpoint_seconds)
        with mistakes_in(str(folder.config)) if config else nullcontext():
            plan = blueprint(recipe, settings.preset, overrides or settings.overrides or {})
        sources = open_training_data(data)
        validation_data = open_source(validation) if validation is not None else _first_face_set(sources)
        with mistakes_in(str(folder.config)) if config else nullcontext():
            setup = Setup(settings, plan, sources, validation_data, accelerator, workers, broken)
        validated_on = None if validation is None else describe(validation_data, "val").model_dump(mode="json")
        checkpoint = None
        if config:
            _check_unchanged(config, plan, _data(setup, sources), validated_on, folder)
            if extend is not None:
                config = _extended(config, extend, folder, accelerator)
            checkpoint = folder.checkpoints.latest(report.say)
            if checkpoint:
                folder.checkpoints.check_place(checkpoint.place, config["stage_steps"])
            _report_resumed(config, checkpoint, folder, report)
        else:
            config = {**_new_config(setup, plan, sources, began), "validation": validated_on}
        trainer = Trainer(PlannedRun(setup, config, folder, RunLog(folder, accelerator, report), pace))
        accelerator.wait_for_everyone()  # all processes have read the folder before the first file is written
        with folder.locked() if accelerator.is_main_process else nullcontext():
            if accelerator.is_main_process and not folder.holds_a_run():
                folder.start(config)
            if track:
                accelerator.init_trackers("priorsr", flatten({"stage": "config", **config}))
            report.say(str(choice))
            try:
                return trainer.run(checkpoint)
            finally:
                setup.broken.warn()
                for tracker in accelerator.trackers:
                    tracker.finish()


def _accelerator(track: str | None, folder: RunFolder) -> Accelerator:
    available = [str(tracker) for tracker in get_available_trackers()]
    if track is not None and track not in available:
        raise OptionError(f"the tracker {track!r} is unknown or not installed; {did_you_mean(track, available)}")
    # On a CPU, Accelerate joins torchrun's processes only if cpu is True. Precision is ours, see Autocast.
    on_cpu = not torch.accelerator.is_available()
    accelerator = Accelerator(cpu=on_cpu, mixed_precision="no", log_with=track, project_dir=folder.path / "track")
    kind = accelerator.distributed_type.value
    if kind != "NO" and not kind.startswith("MULTI_"):
        raise OptionError(
            f"Accelerate is configured for {kind}; one process, or data-parallel processes, were expected"
        )
    return accelerator


def _stored(folder: RunFolder, resume: bool, report: ProgressReport) -> dict[str, Any] | None:
    """Return the config of the run to resume; None if a new run is to be started."""
    if folder.holds_a_run():
        config = folder.read_config()
        run_id = os.environ.get("TORCHELASTIC_RUN_ID", "none")
        restarted = run_id != "none" and run_id == config["torchelastic_run"]  # torchrun restarted this process
        if not resume and not restarted:
            raise DataError(
                f"{folder.path}: holds a run already; resume it (resume=True), or choose another folder for the new run"
            )
        return config
    if resume:
        report.say(f"{folder.path} holds no run: starting a new one")
    return None


def _choose_threads(given: int | None, config: Mapping[str, Any] | None) -> ThreadChoice:
    """Return the number of threads: as given, else as the run was started with, else as the machine has free."""
    if given is not None:
        check_number("threads", given, 1, MOST_THREADS)
        return ThreadChoice(given, "as given")
    return ThreadChoice(config["threads"], "those that the run was started with") if config else choose_threads()


def _extended(config: dict[str, Any], steps: int, folder: RunFolder, accelerator: Accelerator) -> dict[str, Any]:
    """Extend the run in the main process, and return its new config in all of them."""
    if accelerator.is_main_process:
        with folder.locked():
            config = lengthen(folder, config, steps)
    return broadcast_object_list([config])[0]


def _first_face_set(sources: Sequence[tuple[OpenedSource, float]]) -> FaceSet | ShardSet:
    for source, _ in sources:
        if isinstance(source, FaceSet | ShardSet):
            return source
    raise OptionError(
        f"{sources[0][0]}: has no split val, and there is no face set to validate on; validation=DATASET or a face set "
        "was expected (torch.utils.data.random_split divides a Dataset)"
    )


def _new_config(
    setup: Setup, plan: Blueprint, sources: Sequence[tuple[OpenedSource, float]], began: float
) -> dict[str, Any]:
    """Return the config of a new run, as the main process measured it."""
    setup.rehearse()
    stage_steps, measured = setup.steps(began)
    config = {
        **asdict(setup.settings),
        "precision": setup.precision,
        "config": plan.plain_config(),
        "data": _data(setup, sources),
        "stage_steps": stage_steps,
        "measured_seconds": {stage: asdict(cost) for stage, cost in measured.items()},
        "processes": setup.processes,
        "torchelastic_run": os.environ.get("TORCHELASTIC_RUN_ID"),
    }
    return broadcast_object_list([config])[0]


def _data(setup: Setup, sources: Sequence[tuple[OpenedSource, float]]) -> list[dict[str, Any]]:
    """Return the data as the config keeps them: what the cards hold, their places, and the hash of shards."""
    data = []
    for part, (source, _) in zip(setup.sets, sources, strict=True):
        data.append(part.model_dump(mode="json"))
        if not isinstance(source, Pairs):
            data[-1]["path"] = as_unicode(str(source.path))
        if isinstance(source, ShardSet):
            data[-1]["shards"] = source.hash
    return data


def _check_unchanged(
    config: Mapping[str, Any],
    plan: Blueprint,
    now: Sequence[Mapping[str, Any]],
    validated_on: Mapping[str, Any] | None,
    folder: RunFolder,
) -> None:
    """Raise DataError if the recipe or the data are not those that the run was started with."""
    change = first_difference(config["config"], plan.plain_config())
    if change:
        raise DataError(f"{folder.config}: the recipe {plan.name!r} has changed since the run was started: {change}")
    was = config["data"]
    if list(map(_identity, was)) != list(map(_identity, now)):
        raise DataError(
            f"{folder.path}: was started with the face sets {_named(was)}, and is given {_named(now)}; the same sets "
            "in the same order with the same weights were expected"
        )
    before = config.get("validation")
    if (before and _identity(before)) != (validated_on and _identity(validated_on)):
        one, two = (_named([part]) if part else "the first face set's val" for part in (before, validated_on))
        raise DataError(f"{folder.path}: was validated on {one}, and is given {two}; the same was expected")


def _identity(part: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the facts that must be the same in a resumed run: hashes and weight of a face set, all facts of pairs."""
    if "hash" in part:
        return part["hash"], part.get("weight", 1.0), part.get("shards")
    return tuple(part[name] for name in TrainingPairs.model_fields)


def _named(data: Sequence[Mapping[str, Any]]) -> str:
    def which(part: Mapping[str, Any]) -> str:
        if "hash" in part:
            return f"hash {part['hash'][:12]}" + (f", shards {part['shards'][:12]}" if "shards" in part else "")
        return f"{part['count']} pairs, fingerprint {(part['fingerprint'] or 'none')[:12]}"

    return ", ".join(f"{part['name']} x {part.get('weight', 1.0):g} ({which(part)})" for part in data)


def _report_resumed(
    config: Mapping[str, Any], checkpoint: Checkpoint | None, folder: RunFolder, report: ProgressReport
) -> None:
    place = checkpoint.place if checkpoint else None
    report.say(f"resuming after step {place.step} of the stage {place.stage!r}" if place else "resuming from the start")
    if checkpoint and folder.is_cut_before(checkpoint.facts.metrics_end):
        report.say(f"note: {folder.metrics}: was cut after the checkpoint was written; the missing lines are lost")
    now = circumstances()
    for name in ("threads", "device", "versions"):
        if config[name] != now[name]:
            report.say(f"note: {name} was {config[name]} and is {now[name]}: the last bits of the weights may differ")
