"""The tables and pictures of studies: a score's rows in Markdown, in the terminal, and drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, model_validator

from priorsr.bench.board.numbers import interval, number, p_value, score_label
from priorsr.bench.statistics.verdicts import with_reason
from priorsr.bench.store.run_facts import DataFacts, ProtocolFacts
from priorsr.bench.store.values import RecordPart
from priorsr.bench.studies.study_scores import BootstrapFacts, DifferenceFacts, RuleFacts, ScoreFacts
from priorsr.continued_table import ContinuedTable
from priorsr.fields import Value
from priorsr.terminal import styled
from priorsr.viz.intervals import Column, Mark, draw_intervals

CORRECTED = (
    "P-values, and so the verdicts, are corrected by Holm's method for the number of rows of a table; each interval "
    'stands for itself, and may exclude zero where the verdict is "not distinguishable".'
)


class StudyFacts(RecordPart):
    """The facts that every study has: the faces, the protocols, the rule of its verdicts, the code and the time.

    format: 2; 1 for a file with intervals and verdicts of an older rule.
    baseline: bicubic's means, by protocol and score. absent: requested scores that were left out, with the reason.
    """

    format: Literal[1, 2]
    data: DataFacts
    protocols: tuple[ProtocolFacts, ...]
    baseline: dict[str, dict[str, Value]]
    absent: dict[str, str]
    statistics: RuleFacts | BootstrapFacts
    scorer_version: str
    created: AwareDatetime
    command: str | None

    @model_validator(mode="after")
    def _rule_is_of_the_format(self) -> Self:
        if isinstance(self.statistics, BootstrapFacts) != (self.format == 1):
            raise ValueError(f"statistics are {self.statistics.model_dump()} in format {self.format}")
        return self


@dataclass(frozen=True)
class StudyRow:
    """A row of a study for one score. cells: its further columns. left_out: why it has no score."""

    label: str
    score: ScoreFacts | None
    cells: Sequence[str] = ()
    left_out: str = ""


def score_table(rows: Iterable[StudyRow], *, first: str, name: str, base: str, further: Sequence[str] = ()) -> str:
    """Return a Markdown table of the score `name`: each row's value, its difference to `base`, verdict and p-value.

    first, further: headings of the first column and of the rows' further cells, of which it takes as many.
    """
    label = score_label(name)
    head = [first, label, "95 % interval", f"against {base}", "95 % interval", "verdict", *further]
    alignment = ["---", "---:", "---", "---:", "---", "---", *("---:" for _ in further)]
    return "\n".join(_line(cells) for cells in (head, alignment, *(_cells(row)[: len(head)] for row in rows)))


def score_sections(
    study: StudyFacts,
    rows_of: Callable[[str, str], Sequence[StudyRow]],
    *,
    first: str,
    base: str,
    further: Sequence[str] = (),
) -> list[str]:
    """Return a section for each score under each protocol, with its table and bicubic's mean, then the scores left out.

    rows_of: (protocol, score) -> the rows, of which the first has a score. further: as `score_table`'s, in a protocol's
    first table only.
    """
    parts = []
    for protocol, names in study.baseline.items():
        for place, (name, value) in enumerate(names.items()):
            rows = rows_of(protocol, name)
            table = score_table(rows, first=first, name=name, base=base, further=() if place else further)
            bicubic = f"Bicubic enlargement: {number(value, rows[0].score)}." if rows[0].score else ""
            parts += [f"## {score_label(name)} under {protocol}", table, bicubic]
    return parts + [f"{score_label(name)} is left out: {reason}." for name, reason in study.absent.items()]


def draw_study(
    rows: Sequence[StudyRow], path: Path, *, name: str, base: str, levels: Mapping[str, float], title: str, note: str
) -> None:
    """Draw the score with its seeds on the left, and the difference to `base` on the right.

    levels: label -> a value of the score to compare with.
    """
    shown = [row for row in rows if row.score]
    scores = [row.score for row in shown if row.score]
    centre = next(score.mean for score in scores if score.difference is None)
    unit = f" / {scores[0].unit}" if scores[0].unit else ""
    worse = "" if scores[0].higher_is_better else ", lower is better"
    draw_intervals(
        [row.label for row in shown],
        [
            Column(f"{score_label(name)}{unit}{worse}", list(map(_value, scores)), levels),
            Column(f"difference to {base}{unit}", [_difference(score, centre) for score in scores], {"": 0.0}),
        ],
        path,
        title=title,
        note=note,
    )


def terminal_table(rows: Iterable[StudyRow], *, first: str, name: str, base: str, title: str) -> ContinuedTable:
    """Return the rows as a Rich table."""
    rows = list(rows)
    reasons = (f"{row.label} is left out: {row.left_out}" for row in rows if not row.score)
    table = ContinuedTable(title=styled(title), caption=styled("\n".join(reasons)) or None)
    for heading in (first, score_label(name), f"against {base}", "verdict"):
        table.add_column(styled(heading), no_wrap=heading not in (first, "verdict"))
    for row in rows:
        label, value, bounds, difference, its_bounds, verdict = _cells(row)[:6]
        verdict = verdict if row.score else "left out"
        colour = {"better": "green", "worse": "red"}.get(verdict.partition(",")[0], "dim")
        table.add_row(
            styled((label, "bold")),
            styled(value, (f"\n{bounds}" if bounds else "", "dim")),
            styled(difference, (f"\n{its_bounds}" if its_bounds else "", "dim")),
            styled((verdict, colour)),
        )
    return table


def _value(score: ScoreFacts) -> Mark:
    return Mark(score.mean, score.interval95, score.per_seed if len(score.per_seed) > 1 else ())


def _difference(score: ScoreFacts, centre: float) -> Mark:
    """Return a row's difference, and each of its seeds' to the base's mean."""
    points = [value - centre for value in score.per_seed] if len(score.per_seed) > 1 else []
    found = score.difference
    return Mark(found.mean, found.interval95, points, found.verdict) if found else Mark(0.0, None, points)


def _cells(row: StudyRow) -> list[str]:
    score = row.score
    if score is None:
        return [row.label, "", "", "", "", f"left out: {row.left_out}", *row.cells]
    found = [row.label, number(score.mean, score), interval(score.interval95, score)]
    if score.difference is None:
        return [*found, "", "", "", *row.cells]
    difference = score.difference
    bounds = interval(difference.interval95, score, sign=True, finer=1)
    return [*found, number(difference.mean, score, sign=True, finer=1), bounds, _verdict(difference), *row.cells]


def _verdict(difference: DifferenceFacts) -> str:
    """Return the verdict with its p-value, or the reason why there is none."""
    if difference.untested:
        return with_reason(difference.verdict, difference.untested)
    return f"{difference.verdict}, p {p_value(difference.p_holm)}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
