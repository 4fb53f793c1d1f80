"""`train`: check and complete the settings of a run, then run it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.tracking import get_available_trackers
from accelerate.utils import broadcast_object_list
from rich.console import Console

from priorsr.bounds import check_number
from priorsr.data import FaceSet, Pairs, TrainingData, TrainingPairs, TrainingSet
from priorsr.data.training_set import Source, describe, open_source, open_training_data
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
    """Train by a recipe on face sets, on their split `train`, or on Datasets of pairs, into the run folder `out`.

    recipe: a name, with `preset` and `overrides` of its config (see `override`), or an instance as it is.
    data: a face set, as a folder or opened, or several: every batch mixes their faces in proportion to the sets' sizes,
        times a weight where one is given, as ("FOLDER", 2.0) or "FOLDER=2". A prior is loaded where every face of every
        set has it. Alone or among face sets, a map-style torch Dataset of (lr, hr) or (lr, hr, Prior), one face an
        item, in [0, 1] (see `priorsr.data.Pairs`): mirrored and turned as the recipe has it, never zoomed. Items may be
        random: Python's, NumPy's and torch's generators are seeded for each.
    validation: the data to validate on: a face set's split `val`, or all of a Dataset of pairs; unless given, the split
        `val` of the first face set. workers: processes that read Datasets; 0 reads them between the steps.
    steps, minutes: of the whole run, shared out to the stages by their shares; neither: each stage's own length.
        Minutes are turned into steps after a warm-up, before the first step.
    seed: 0 unless given; draws the weights, the order of the faces, and whatever a step draws.
    resume: continue the run in `out` with its settings (another setting raises an error), or start one if there is
        none. Files that its config names, such as a loss's weights, are read again: resume your own runs
        only. On a CPU, with the same number of threads, the weights end as if it had never stopped, bit for bit.
        Implied when torchrun starts its processes again; let it run with TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1,
        or torch 2.15 may hand them the addresses of the dead ones.
    extend: steps by which a finished run in `out` becomes longer: its last stage goes on from where its learning rate
        began to fall, which a constant or `stable_decay` schedule allows. Its earlier results move to out/earlier.
    threads: of the CPU; None: those of the resumed run, else as `choose_threads` finds, and named in the progress.
    precision: float32, bf16 (autocast; weights stay float32), or auto: bf16 where the device has it.
    channels_last: the memory format of weights and images, unless False.
    validate_every: steps; None: ten times a stage. log_every: steps a line of metrics. checkpoint_seconds: the least
        time between checkpoints, which are written where a line is.
    track: one of Accelerate's trackers, such as tensorboard. console: where progress is printed; None: nowhere.

    Afterwards the process keeps the memory that it frees (see `priorsr.memory`).

    Raises PriorsrError for mistakes of the user, before anything is written if possible, and
    TrainingInterruptedError (a KeyboardInterrupt) once the run is saved after Ctrl-C or SIGTERM.
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
        raise DataError(f"{folder.path}: holds no run that could be extended")
    settings = asked.agreed(config, folder.config) if config else asked.completed()
    check_number("workers", workers, 0, MOST_WORKERS)
    choice = _choose_threads(threads, config)
    with torch_threads(choice.threads):
        pace = Pace(settings.validate_every, log_every, checkpoint_seconds)
        with mistakes_in(str(folder.config)) if config else nullcontext():
            plan = blueprint(recipe, settings.preset, overrides or settings.overrides or {})
        sources = open_training_data(data)
        judge = open_source(validation) if validation is not None else _first_face_set(sources)
        with mistakes_in(str(folder.config)) if config else nullcontext():
            setup = Setup(settings, plan, sources, judge, accelerator, workers)
        validated_on = None if validation is None else describe(judge, "val").model_dump(mode="json")
        checkpoint = None
        if config:
            _check_unchanged(config, plan, setup.sets, validated_on, folder)
            if extend is not None:
                config = _extended(config, extend, folder, accelerator)
            checkpoint = folder.checkpoints.latest(report.say)
            if checkpoint:
                folder.checkpoints.check_place(checkpoint.place, config["stage_steps"])
            _report_resumed(config, checkpoint, folder, report)
        else:
            config = {**_new_config(setup, plan, sources, began), "validation": validated_on}
        trainer = Trainer(PlannedRun(setup, config, folder, RunLog(folder, accelerator, report), pace))
        accelerator.wait_for_everyone()  # all have looked before the first file is written
        with folder.locked() if accelerator.is_main_process else nullcontext():
            if accelerator.is_main_process and not folder.holds_a_run():
                folder.start(config)
            if track:
                accelerator.init_trackers("priorsr", flatten({"stage": "config", **config}))
            report.say(str(choice))
            try:
                return trainer.run(checkpoint)
            finally:
                for tracker in accelerator.trackers:
                    tracker.finish()


def _accelerator(track: str | None, folder: RunFolder) -> Accelerator:
    available = [str(tracker) for tracker in get_available_trackers()]
    if track is not None and track not in available:
        raise OptionError(f"the tracker {track!r} is unknown or not installed; {did_you_mean(track, available)}")
    # On a CPU, Accelerate forms a group of torchrun's processes only if told so; precision is ours, see Autocast.
    on_cpu = not torch.accelerator.is_available()
    accelerator = Accelerator(cpu=on_cpu, mixed_precision="no", log_with=track, project_dir=folder.path / "track")
    kind = accelerator.distributed_type.value
    if kind != "NO" and not kind.startswith("MULTI_"):
        raise OptionError(f"Accelerate is set up for {kind}; processes with a copy of the model each work")
    return accelerator


def _stored(folder: RunFolder, resume: bool, report: ProgressReport) -> dict[str, Any] | None:
    """Return the config of the run to be resumed; None if there is none, and one is to be started."""
    if folder.holds_a_run():
        config = folder.read_config()
        run_id = os.environ.get("TORCHELASTIC_RUN_ID", "none")
        restarted = run_id != "none" and run_id == config["torchelastic_run"]  # torchrun started this process anew
        if not resume and not restarted:
            raise DataError(
                f"{folder.path}: holds a run already; resume it (--resume; in Python resume=True), or choose another "
                "folder"
            )
        return config
    if resume:
        report.say(f"{folder.path} holds no run yet: starting one")
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


def _first_face_set(sources: Sequence[tuple[FaceSet | Pairs, float]]) -> FaceSet:
    for source, _ in sources:
        if isinstance(source, FaceSet):
            return source
    raise OptionError(
        f"{sources[0][0]}: has no split val, and no validation is given; validation=DATASET or a face set was expected "
        "(torch.utils.data.random_split makes two Datasets of one)"
    )


def _new_config(
    setup: Setup, plan: Blueprint, sources: Sequence[tuple[FaceSet | Pairs, float]], began: float
) -> dict[str, Any]:
    """Return the config of a new run; the main process's, where several measured the time."""
    setup.rehearse()
    stage_steps, measured = setup.steps(began)
    config = {
        **asdict(setup.settings),
        "precision": setup.precision,
        "config": plan.plain_config(),
        "data": [
            part.model_dump(mode="json")
            | ({"path": as_unicode(str(source.path))} if isinstance(source, FaceSet) else {})
            for part, (source, _) in zip(setup.sets, sources, strict=True)
        ],
        "stage_steps": stage_steps,
        "measured_seconds": {stage: asdict(cost) for stage, cost in measured.items()},
        "processes": setup.processes,
        "torchelastic_run": os.environ.get("TORCHELASTIC_RUN_ID"),
    }
    return broadcast_object_list([config])[0]


def _check_unchanged(
    config: Mapping[str, Any],
    plan: Blueprint,
    sets: Sequence[TrainingSet | TrainingPairs],
    validated_on: Mapping[str, Any] | None,
    folder: RunFolder,
) -> None:
    """Raise DataError if the recipe or the data are not what the run was started with."""
    change = first_difference(config["config"], plan.plain_config())
    if change:
        raise DataError(f"{folder.config}: the recipe {plan.name!r} has changed since the run was started: {change}")
    was, now = config["data"], [part.model_dump(mode="json") for part in sets]
    if list(map(_identity, was)) != list(map(_identity, now)):
        raise DataError(
            f"{folder.path}: was started with the face sets {_named(was)}, and is given {_named(now)}; the same sets, "
            "in the same order, with the same weights were expected"
        )
    before = config.get("validation")
    if (before and _identity(before)) != (validated_on and _identity(validated_on)):
        one, two = (_named([part]) if part else "the first face set's val" for part in (before, validated_on))
        raise DataError(f"{folder.path}: was validated on {one}, and is given {two}; the same was expected")


def _identity(part: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what a resumed run must find again: a face set's hash and weight, and all that is known of pairs."""
    if "hash" in part:
        return part["hash"], part.get("weight", 1.0)
    return tuple(part[name] for name in TrainingPairs.model_fields)


def _named(data: Sequence[Mapping[str, Any]]) -> str:
    def which(part: Mapping[str, Any]) -> str:
        if "hash" in part:
            return f"hash {part['hash'][:12]}"
        return f"{part['count']} pairs, fingerprint {(part['fingerprint'] or 'none')[:12]}"

    return ", ".join(f"{part['name']} x {part.get('weight', 1.0):g} ({which(part)})" for part in data)


def _report_resumed(
    config: Mapping[str, Any], checkpoint: Checkpoint | None, folder: RunFolder, report: ProgressReport
) -> None:
    place = checkpoint.place if checkpoint else None
    report.say(f"resuming after step {place.step} of the stage {place.stage!r}" if place else "resuming from the start")
    if checkpoint and folder.is_cut_before(checkpoint.facts.metrics_end):
        report.say(f"note: {folder.metrics}: was cut after the checkpoint was made; those lines are lost")
    now = circumstances()
    for name in ("threads", "device", "versions"):
        if config[name] != now[name]:
            report.say(f"note: {name} was {config[name]} and is {now[name]}: the last bits of the weights may differ")
