"""The result of a study of wrong priors: its file, its tables and its picture."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

from rich.table import Table

from priorsr.bench.store.model_facts import ModelFacts
from priorsr.bench.store.run_facts import PriorFacts
from priorsr.bench.store.values import Id, RecordPart
from priorsr.bench.studies.study_report import (
    CORRECTED,
    StudyFacts,
    StudyRow,
    draw_study,
    score_sections,
    terminal_table,
)
from priorsr.bench.studies.study_scores import ScoreFacts
from priorsr.files import atomic_json, atomic_text
from priorsr.text import printable

Damage = Literal[
    "ground-truth", "estimated-from-hr", "estimated-from-lr", "shifted", "blurred", "next-face", "absent", "none"
]
BASE = "ground truth"


class PriorRow(RecordPart):
    """A prior that the model was given. amount: a shift, or a blur's sigma, in HR pixels.

    prior: its description in records. records, scores: by protocol id, scores by name. left_out: why it has none.
    """

    label: str
    damage: Damage
    amount: float | None
    prior: PriorFacts | None
    records: dict[str, Id]
    scores: dict[str, dict[str, ScoreFacts]]
    left_out: str | None


class PriorStudy(StudyFacts):
    """The result of a study of priors: how a model's scores depend on its prior; `priors.json`.

    uses: the parts of the prior on which its result depends. estimator: the estimator of priors, if any.
    """

    model: ModelFacts
    uses: tuple[str, ...]
    estimator: str | None
    rows: tuple[PriorRow, ...]


def write_study(study: PriorStudy, out: Path) -> None:
    """Write priors.json, priors.md and priors.png, each whole or not at all."""
    atomic_json(out / "priors.json", study.model_dump(mode="json"))
    atomic_text(out / "priors.md", printable(markdown(study), keep="\n"))
    protocol = study.protocols[0].id
    name = next(iter(study.baseline[protocol]))
    draw_study(
        _rows(study, protocol, name),
        out / "priors.png",
        name=name,
        base=BASE,
        levels={"bicubic": study.baseline[protocol][name]},
        title=f"{study.model.label}: how wrong may its prior be?",
        note=f"{protocol}, {_faces(study)}. Lines: 95 % intervals over the faces, on the right of paired differences.",
    )


def markdown(study: PriorStudy) -> str:
    """Return the study as a page in Markdown."""
    by = f"Estimated priors are {study.estimator}'s; it saw LR images enlarged bicubically. " if study.estimator else ""
    parts = [
        f"# How wrong may a prior be? {study.model.label}",
        f"{_faces(study)}. The model uses: {' and '.join(study.uses)}. {by}Shifts are to the right, and blurs are "
        "Gaussians, both in HR pixels. Intervals are over the faces; paired differences are of this checkpoint. "
        + CORRECTED,
    ]
    parts += score_sections(study, partial(_rows, study), first="prior", base=BASE)
    return "\n\n".join(parts) + "\n"


def summary(study: PriorStudy) -> Table:
    """Return the first protocol's first score, for the terminal."""
    protocol = study.protocols[0].id
    name = next(iter(study.baseline[protocol]))
    title = f"{study.model.label}, {protocol} on {_faces(study)}"
    return terminal_table(_rows(study, protocol, name), first="prior", name=name, base=BASE, title=title)


def _faces(study: PriorStudy) -> str:
    return f"{study.data.count} faces of {study.data.name}, {study.data.split}"


def _rows(study: PriorStudy, protocol: str, name: str) -> list[StudyRow]:
    return [
        StudyRow(row.label, row.scores.get(protocol, {}).get(name), left_out=row.left_out or "") for row in study.rows
    ]
