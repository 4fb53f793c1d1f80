"""Extend a finished run from the step where its learning rate began to fall."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

from priorsr.errors import DataError
from priorsr.files import atomic_json, refusals_told
from priorsr.training.run_folder import RunFolder


def extend(folder: RunFolder, config: Mapping[str, Any], steps: int) -> dict[str, Any]:
    """Add steps to the last stage of a finished run, and return the new config; resuming the run then runs the steps.

    The stage continues from the checkpoint at which its learning rate began to fall (see `stable_decay`), as if it had
    been longer from its start. Its weights and metrics so far move to earlier/STEPS, and config.json lists the
    extension. A run that is killed meanwhile can be resumed. Raises DataError for a run that is not finished, or whose
    schedule depends on its length.
    """
    *_, stage = config["stage_steps"]
    index, before = len(config["stage_steps"]) - 1, config["stage_steps"][stage]
    latest = folder.checkpoints.latest(lambda _: None)
    done = latest.place.step if latest and latest.place.index == index else 0
    weights = sorted(folder.weights.glob("*.safetensors"))
    if done < before or not weights:
        raise DataError(f"{folder.path}: the run is not finished; resume it first (resume=True), then extend it")
    fork = folder.forks.latest(lambda _: None)
    if fork is None or fork.place.index != index:
        raise DataError(
            f"{folder.path}: the run cannot be extended, since the schedule of the stage {stage!r} depends on the "
            "stage's length; the schedule constant or stable_decay was expected"
        )
    earlier = folder.earlier / str(before)
    for path in (*weights, folder.metrics, folder.curves):
        if path.exists():
            kept = earlier / path.relative_to(folder.path)
            with refusals_told(kept):
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, kept)
    folder.checkpoints.go_back_to(fork)
    made = {"stage": stage, "from_step": fork.place.step, "steps_before": before, "steps": before + steps}
    longer = {
        **config,
        "stage_steps": {**config["stage_steps"], stage: before + steps},
        "extensions": [*config.get("extensions", []), made],
    }
    atomic_json(folder.config, longer)
    return longer
