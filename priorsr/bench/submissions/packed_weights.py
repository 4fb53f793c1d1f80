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

    model: what `priorsr.load` takes; a training run's folder adds the command and the seconds of its steps to the card.
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
    if Path(model).is_dir() and (Path(model) / "config.json").is_file():
        card |= _budget(Path(model))
    save(module, target, card=card, half=True)
    if results is not None:
        packed = load_file(target)
        card["scores"] = _scores(weights_hash(packed), Path(results), target)
        save(packed, target, card=card, half=True)
    return target


def _budget(folder: Path) -> dict[str, Any]:
    """Return the budget of a run: its command, with the names of its face sets, and the seconds of its steps."""
    run = read_run(folder)
    before, seconds = dict.fromkeys(run.stage_steps, 0), 0.0
    for line in run.lines:
        if isinstance(line, StepLine):
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
