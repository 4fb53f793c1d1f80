"""Prepare weights for publication: small, and with a full card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from priorsr.bench.store.results import read_results
from priorsr.bench.store.training_run import read_run
from priorsr.errors import DataError
from priorsr.models.finding import find_weights
from priorsr.models.weights import load_file, read_card, save, weights_hash
from priorsr.training.metrics_file import StepLine
from priorsr.training.training_command import training_command


def pack_weights(
    model: str | Path, out: str | Path, *, licence: str, limits: str = "", results: str | Path | None = None
) -> Path:
    """Write a model's weights as float16 with a full card, to be offered under the entry-point group priorsr.weights.

    model: what `priorsr.load` takes; a training run's folder, or a file in its weights/, adds the command and the
        seconds of the steps up to the file's stage to the card.
    licence: of the weights, which depends on their training data. limits: cases in which the model fails.
    results: a results folder with records of the packed file: pack, run the benchmark on the file, and pack again with
        the results; the tensors stay the same, and the card gets every score with its interval.

    Raises DataError if `results` holds no record of these weights, and the errors of loading, reading and writing.
    """
    path, target = find_weights(model), Path(out)
    module = load_file(path)
    card: dict[str, Any] = {**read_card(path)["card"], "licence": licence}
    if limits:
        card["limits"] = limits
    run = _run_of(Path(model), path)
    if run is not None:
        card |= _budget(run, card.get("stage"))
    save(module, target, card=card, half=True)
    if results is not None:
        packed = load_file(target)
        card["scores"] = _scores(weights_hash(packed), Path(results), target)
        save(packed, target, card=card, half=True)
    return target


def _run_of(model: Path, weights: Path) -> Path | None:
    """Return the folder of the training run that is given, or that a weights file lies in; None if there is none."""
    folder = model if model.is_dir() else weights.parent.parent
    is_in_run = model.is_dir() or weights.parent.name == "weights"
    return folder if is_in_run and (folder / "config.json").is_file() else None


def _budget(folder: Path, last: str | None) -> dict[str, Any]:
    """Return a run's command, with the names of its face sets, and the seconds of its steps up to the stage `last`."""
    run = read_run(folder)
    stages = list(run.stage_steps)
    counted = stages[: stages.index(last) + 1] if last in stages else stages
    before, seconds = dict.fromkeys(run.stage_steps, 0), 0.0
    for line in run.lines:
        if isinstance(line, StepLine) and line.stage in counted:
            seconds += line.seconds * (line.step - before[line.stage])
            before[line.stage] = line.step
    command = training_command(run.config, [part["name"] for part in run.config["data"]], "RUN")
    threads = run.config["threads"]
    return {"command": command, "seconds": round(seconds), "threads": threads, "device": run.config["device"]}


def _scores(weights: str, results: Path, path: Path) -> dict[str, Mapping[str, Any]]:
    """Return every score of these weights, by protocol and faces, with its interval."""
    found = {
        f"{record.protocol.id} on {record.data.name} {record.data.split}": {
            name: {"value": score.value, "interval95": score.interval95} for name, score in record.scores.items()
        }
        for record in read_results(results)
        if record.model.weights_hash == weights and record.prior.source == "none"
    }
    if not found:
        raise DataError(
            f"{results}: holds no record of {path} (weights {weights[:12]}); run priorsr bench run --model {path} first"
        )
    return dict(sorted(found.items()))
