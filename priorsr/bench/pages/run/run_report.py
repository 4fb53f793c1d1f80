"""Build the report of a training run: one HTML file that needs no other."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from priorsr.bench.board import numbers
from priorsr.bench.board.leaderboard import Leaderboard, leaderboards
from priorsr.bench.board.rows import Row
from priorsr.bench.pages.rendering import STATIC, in_words, templates
from priorsr.bench.pages.run.charts import Chart, chart
from priorsr.bench.store.results import read_results
from priorsr.bench.store.training_run import TrainingRun, read_run
from priorsr.data.decoding import decode
from priorsr.errors import DataError
from priorsr.files import atomic_text, require_extra
from priorsr.models.weights import load_file, weights_hash
from priorsr.training.metric_panels import panels
from priorsr.training.metrics_file import StepLine, ValidationLine
from priorsr.training.training_command import training_command
from priorsr.training.validation_scores import SCORES
from priorsr.training.validation_scores import number as score_number
from priorsr.version import __version__

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class StageReport:
    """A stage of the run. seconds: of the steps in the metrics. samples: (step, picture as a data URL)."""

    name: str
    done: int
    steps: int
    seconds: float
    validations: Sequence[ValidationLine]
    charts: Sequence[Chart]
    samples: Sequence[tuple[int, str]]

    @property
    def score_label(self) -> str:
        """Return the name of the score that validated the stage."""
        label, unit, _ = SCORES[self.validations[-1].score]
        return f"{label} / {unit}" if unit else label

    @property
    def best(self) -> ValidationLine:
        """Return the validation with the best score."""
        pick = min if self.validations[-1].score == "nme" else max
        return pick(self.validations, key=lambda line: line.value)


def build_report(run: str | Path, out: str | Path | None = None, *, results: str | Path | None = None) -> Path:
    """Build the page of a training run, finished or not, and return its path.

    out: a file; run/report.html unless given. results: a results folder whose records of the run's weights are shown.
    Raises DataError naming the file for a folder that is no run or is broken.
    """
    require_extra("jinja2", "bench")
    read = read_run(run)
    target = Path(out) if out is not None else read.path / "report.html"
    if target.is_dir():
        raise DataError(f"{target}: is a folder; a file for the report was expected")
    page = (
        templates(_HERE / "templates")
        .get_template("report.html.jinja")
        .render(
            run=read,
            name=read.path.resolve().name,
            stages=[_stage(read, stage) for stage in read.stage_steps if read.done(stage)],
            again=_again(read),
            settings=_settings(read.config),
            flat=_flat(read.config["config"]),
            scored=[] if results is None else _scored(read, Path(results)),
            in_words=in_words,
            numbers=numbers,
            score_number=score_number,
            css=(STATIC / "site.css").read_text(encoding="utf-8") + (_HERE / "report.css").read_text(encoding="utf-8"),
            theme=(STATIC / "theme.js").read_text(encoding="utf-8"),
            script=(_HERE / "report.js").read_text(encoding="utf-8"),
            version=__version__,
        )
    )
    atomic_text(target, page)
    return target


def _stage(run: TrainingRun, stage: str) -> StageReport:
    lines = [line for line in run.lines if line.stage == stage]
    steps = [line for line in lines if isinstance(line, StepLine)]
    before = [0, *(line.step for line in steps)]
    (shown,) = panels(lines).values()
    return StageReport(
        name=stage,
        done=run.done(stage),
        steps=run.stage_steps[stage],
        seconds=sum(line.seconds * (line.step - last) for line, last in zip(steps, before, strict=False)),
        validations=[line for line in lines if isinstance(line, ValidationLine)],
        charts=[chart(panel) for panel in shown],
        samples=[(step, _data_url(path)) for step, path in run.samples.get(stage, ())],
    )


def _data_url(path: Path) -> str:
    """Return a picture as a data URL of lossless WebP, which is smaller than PNG."""
    packed = io.BytesIO()
    decode(path).image.save(packed, format="WEBP", lossless=True)
    return f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}"


def _settings(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings of the run beside the recipe's config, and where it ran."""
    versions = ", ".join(f"{name} {version}" for name, version in config["versions"].items())
    threads = config["threads"]
    known = {
        "Recipe": config["recipe"] + (f", preset {config['preset']}" if config["preset"] else ""),
        "Trained on": "; ".join(map(_source, config["data"])),
        "Seed": str(config["seed"]),
        "Precision": config["precision"],
        "Started": str(config.get("started", "")),
        "Device": f"{config['device']}, {threads} thread{'s' * (threads != 1)}",
        "Processes": str(config.get("processes", "")),
        "Versions": versions,
        "Started by": str(config.get("command", "")),
    }
    return {name: value for name, value in known.items() if value}


def _again(run: TrainingRun) -> str:
    """Return the command that repeats a run, or "" where none can."""
    data = [part.get("path", part["name"]) for part in run.config["data"]]
    return training_command(run.config, data, f"{run.path.resolve().name}-again")


def _source(part: Mapping[str, Any]) -> str:
    """Return a face set, or a Dataset of pairs, as text."""
    if "hash" not in part:
        return f"{part['name']}, {part['count']} pairs"
    return f"{part['name']} {part['version']}, {part['hash'][:12]}"


def _flat(config: Any, prefix: str = "") -> dict[str, str]:
    """Return a config's values by their dotted names."""
    if not (isinstance(config, dict) and config):
        return {prefix.rstrip("."): "none" if config is None else in_words(config)}
    return {name: text for key, value in config.items() for name, text in _flat(value, f"{prefix}{key}.").items()}


def _scored(run: TrainingRun, results: Path) -> list[tuple[Leaderboard, list[Row]]]:
    """Return the rows of a results folder that hold weights of the run, and the table that they stand in."""
    hashes = {weights_hash(load_file(product.path)) for product in run.products}
    found = [
        (board, [row for row in board.rows if any(record.model.weights_hash in hashes for record in row.records)])
        for board in leaderboards(read_results(results))
    ]
    return [(board, rows) for board, rows in found if rows]
