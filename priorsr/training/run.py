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
from priorsr.data import FaceSet, TrainingData, TrainingSet
from priorsr.data.training_set import open_training_data
from priorsr.errors import DataError, OptionError, did_you_mean, mistakes_in
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


def train(
    recipe: Any,
    data: TrainingData,
    out: str | Path,
    *,
    preset: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    seed: int | None = None,
    resume: bool = False,
    extend: int | None = None,
    precision: str = "auto",
    channels_last: bool | None = None,
    validate_every: int | None = None,
    log_every: int = 10,
    checkpoint_seconds: float = 60.0,
    track: str | None = None,
    console: Console | None = None,
) -> RunResult:
    """Train by a recipe on the split `train` of a face set or several, validating on `val`, into the run folder `out`.

    recipe: a name, with `preset` and `overrides` of its config (see `override`), or an instance as it is.
    data: a face set, as a folder or opened, or several: every batch mixes their faces in proportion to the sets' sizes,
        times a weight where one is given, as ("FOLDER", 2.0) or "FOLDER=2". The first set's split `val` is validated
        on. A prior is loaded where every face of every set has it.
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
    pace = Pace(settings.validate_every, log_every, checkpoint_seconds)
    with mistakes_in(str(folder.config)) if config else nullcontext():
        plan = blueprint(recipe, settings.preset, overrides or settings.overrides or {})
    faces = open_training_data(data)
    with mistakes_in(str(folder.config)) if config else nullcontext():
        setup = Setup(settings, plan, faces, accelerator)
    checkpoint = None
    if config:
        _check_unchanged(config, plan, setup.sets, folder)
        if extend is not None:
            config = _extended(config, extend, folder, accelerator)
        checkpoint = folder.checkpoints.latest(report.say)
        if checkpoint:
            folder.checkpoints.check_place(checkpoint.place, config["stage_steps"])
        _report_resumed(config, checkpoint, folder, report)
    else:
        config = _new_config(setup, plan, faces, began)
    trainer = Trainer(PlannedRun(setup, config, folder, RunLog(folder, accelerator, report), pace))
    accelerator.wait_for_everyone()  # all have looked before the first file is written
    with folder.locked() if accelerator.is_main_process else nullcontext():
        if accelerator.is_main_process and not folder.holds_a_run():
            folder.start(config)
        if track:
            accelerator.init_trackers("priorsr", flatten({"stage": "config", **config}))
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


def _extended(config: dict[str, Any], steps: int, folder: RunFolder, accelerator: Accelerator) -> dict[str, Any]:
    """Extend the run in the main process, and return its new config in all of them."""
    if accelerator.is_main_process:
        with folder.locked():
            config = lengthen(folder, config, steps)
    return broadcast_object_list([config])[0]


def _new_config(setup: Setup, plan: Blueprint, faces: Sequence[tuple[FaceSet, float]], began: float) -> dict[str, Any]:
    """Return the config of a new run; the main process's, where several measured the time."""
    setup.rehearse()
    stage_steps, measured = setup.steps(began)
    config = {
        **asdict(setup.settings),
        "precision": setup.precision,
        "config": plan.plain_config(),
        "data": [
            {**part.model_dump(mode="json"), "path": as_unicode(str(face_set.path))}
            for part, (face_set, _) in zip(setup.sets, faces, strict=True)
        ],
        "stage_steps": stage_steps,
        "measured_seconds": {stage: asdict(cost) for stage, cost in measured.items()},
        "processes": setup.processes,
        "torchelastic_run": os.environ.get("TORCHELASTIC_RUN_ID"),
    }
    return broadcast_object_list([config])[0]


def _check_unchanged(
    config: Mapping[str, Any], plan: Blueprint, sets: Sequence[TrainingSet], folder: RunFolder
) -> None:
    """Raise DataError if the recipe or the data are not what the run was started with."""
    change = first_difference(config["config"], plan.plain_config())
    if change:
        raise DataError(f"{folder.config}: the recipe {plan.name!r} has changed since the run was started: {change}")
    was, now = config["data"], [part.model_dump(mode="json") for part in sets]
    if [(part["hash"], part.get("weight", 1.0)) for part in was] != [(part["hash"], part["weight"]) for part in now]:
        raise DataError(
            f"{folder.path}: was started with the face sets {_named(was)}, and is given {_named(now)}; the same sets, "
            "in the same order, with the same weights were expected"
        )


def _named(data: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{part['name']} x {part.get('weight', 1.0):g} (hash {part['hash'][:12]})" for part in data)


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
