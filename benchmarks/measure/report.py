"""The report of a run of `benchmarks.gpu`: its rows, as JSON with a schema, and a Markdown table."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from priorsr.bench.store.run_facts import Environment

What = Literal["copy", "product", "convolution", "forward", "forward and backward", "training step"]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Row(_Closed):
    """One measurement, or the reason why there is none."""

    section: str
    case: str
    variant: str
    what: What
    dtype: str = "float32"
    milliseconds: float | None = Field(default=None, description="median; None if `note` says why there is none")
    quartiles: tuple[float, float] | None = None
    runs: int = 0
    error: float | None = Field(
        default=None, description="relative, in the 2-norm: of kernels against float64, else plain"
    )
    peak_bytes: int | None = Field(default=None, description="the most held at once, beyond inputs and weights")
    least_bytes: int | None = Field(default=None, description="bytes that must move at least")
    least_flops: int | None = Field(
        default=None, description="operations in matrix products that must be done at least"
    )
    moved_bytes: int | None = Field(default=None, description="bytes that the eager operators read and write, counted")
    of_floor: float | None = Field(
        default=None, description="floor / time: of bytes at the copy's, of operations at the rate"
    )
    note: str = ""


class Goal(_Closed):
    """A goal of speed or memory, beside what was measured in this run."""

    case: str
    goal: str
    wanted: float
    measured: float | None
    at_most: bool = False
    verdict: Literal["reached", "missed", "not asserted"]
    reason: str = Field(default="", description="why it is not asserted")


class Report(_Closed):
    """A whole run."""

    format: Literal[1] = 1
    command: str
    small: bool
    commit: str
    priorsr: str
    triton: str
    environment: Environment
    seconds: float
    unfinished: tuple[str, ...] = Field(
        default=(), description="sections that their time ended, or that failed, with reasons"
    )
    rows: tuple[Row, ...] = ()
    goals: tuple[Goal, ...] = ()


def schema() -> dict[str, Any]:
    """Return the JSON schema, committed as gpu.schema.json."""
    return Report.model_json_schema()


def device_name(environment: Environment) -> str:
    """Return the folder's name: of the GPU, or else the CPU, in small letters and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", (environment.gpu or environment.cpu).lower()).strip("-")


def write(report: Report, folder: Path, name: str = "gpu") -> None:
    """Write the JSON and the table beside, each whole at any moment."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, text in (("json", report.model_dump_json(indent=1) + "\n"), ("md", markdown(report))):
        partial = folder / f".{name}.{suffix}"
        partial.write_text(text, encoding="utf-8")
        partial.replace(folder / f"{name}.{suffix}")


def read(path: Path) -> Report:
    """Return a report, checked against the schema."""
    return Report.model_validate(json.loads(path.read_text(encoding="utf-8")))


def markdown(report: Report) -> str:
    """Return the report as tables: goals, then a table for each section."""
    where = report.environment
    lines = [
        f"# {where.gpu or where.cpu}",
        "",
        f"`{report.command}`, {report.seconds:.0f} s, commit {report.commit}. torch {where.torch}, Triton "
        f"{report.triton}, priorsr {report.priorsr}, {where.threads} threads of {where.cpu}.",
        *(f"\n- Unfinished: {reason}" for reason in report.unfinished),
    ]
    if report.small:
        lines += ["", "A small run, to see that everything runs: its times say nothing."]
    if report.goals:
        lines += ["", "## Goals", "", "| case | goal | measured | |", "|---|---|---|---|"]
        lines += [_goal(goal) for goal in report.goals]
    for section in dict.fromkeys(row.section for row in report.rows):
        lines += ["", f"## {section}", "", _HEAD, "|---|---|---|" + "---:|" * 6 + "---|"]
        lines += [_row(row, report.rows) for row in report.rows if row.section == section]
    return "\n".join(lines) + "\n"


_HEAD = "| case | what | variant | ms | quartiles | against eager | of the floor | peak MB | error | |"


def _goal(goal: Goal) -> str:
    sign = "<=" if goal.at_most else ">="
    measured = "" if goal.measured is None else f"{goal.measured:.2f}"
    verdict = goal.verdict + (f": {goal.reason}" if goal.reason else "")
    return f"| {goal.case} | {goal.goal} {sign} {goal.wanted:.2f} | {measured} | {verdict} |"


def _row(row: Row, rows: tuple[Row, ...]) -> str:
    key = (row.section, row.case, row.what, row.dtype)
    base = next((r for r in rows if (r.section, r.case, r.what, r.dtype) == key and r.variant in BASELINES), None)
    faster = base.milliseconds / row.milliseconds if base and base.milliseconds and row.milliseconds else None
    cells = (
        row.case,
        row.what if row.dtype == "float32" else f"{row.what}, {row.dtype}",
        row.variant,
        _text(row.milliseconds, "{:.4g}"),
        "" if row.quartiles is None else "{:.4g} to {:.4g}".format(*row.quartiles),
        _text(faster, "{:.2f} x"),
        _text(row.of_floor, "{:.0%}"),
        _text(None if row.peak_bytes is None else row.peak_bytes / 1e6, "{:.1f}"),
        _text(row.error, "{:.1e}"),
        row.note,
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


BASELINES = ("eager", "plain")


def _text(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
