"""Make a section of the page: a table with its notes, bars and pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from priorsr.bench.board.leaderboard import Leaderboard
from priorsr.bench.board.numbers import number, score_label
from priorsr.bench.board.reported import Reported
from priorsr.bench.board.rows import Row
from priorsr.bench.pages.site.copied_images import image_url
from priorsr.bench.pages.site.face_comparison import FaceComparison, disagreement, make_comparison
from priorsr.bench.pages.site.plot import Bar, Plot, difference_bars, speed_plots
from priorsr.bench.scoring.scorer import known_wrong
from priorsr.bench.store.score_facts import RecordedSetScore

TEASER_MODELS = 5


@dataclass(frozen=True)
class Standing:
    """A row in one of the tables: `anchor` is the section's id on the page, `ranked` whether it is ranked there."""

    anchor: str
    board: Leaderboard
    row: Row
    ranked: bool


@dataclass(frozen=True)
class TeaserImage:
    """An image and its caption; `kind` is "lr", "sr" or "hr"."""

    url: str
    alt: str
    caption: str
    kind: str


@dataclass(frozen=True)
class Section:
    """A table of scores and what the page shows with it.

    number: its place on the page, from 1. publishable: whether images of its faces may be published. set_scores: scores
    of all faces together, with one row's as an example. notes: the meaning of the marks. bars, given_prior_bars:
    by a row's place among the ranked, and among those with a prior from beyond LR. smallest: the smallest difference
    that the faces can show, by score. comparison: None without images. reported: published values of its protocol.
    """

    number: int
    board: Leaderboard
    publishable: bool
    set_scores: dict[str, RecordedSetScore]
    notes: tuple[str, ...]
    bars: dict[int, Bar]
    given_prior_bars: dict[int, Bar]
    plots: list[Plot]
    smallest: str
    comparison: FaceComparison | None
    teaser: tuple[TeaserImage, ...]
    reported: tuple[Reported, ...]

    @property
    def anchor(self) -> str:
        """Return the section's id in the page."""
        return f"table-{self.number}"

    @property
    def script(self) -> str:
        """Return the file that holds every face's scores, beside the page."""
        return f"data/{self.anchor}.js"


def make_section(
    number: int,
    board: Leaderboard,
    reported: Sequence[Reported],
    results: Path,
    out: Path,
    most: int | None,
    *,
    images: bool = True,
) -> Section:
    """Make a table's section; writes its images and its faces' scores into the folder `out`.

    images: whether they may be published.
    """
    comparison = make_comparison(board, results, out, most) if images else None
    section = Section(
        number=number,
        board=board,
        publishable=images,
        set_scores={name: score for record in board.records for name, score in record.set_scores.items()},
        notes=_notes(board),
        bars=difference_bars(board.ranked, board.scores[0]),
        given_prior_bars=difference_bars(board.given_prior, board.scores[0]),
        plots=speed_plots(board),
        smallest=_smallest(board),
        comparison=comparison,
        teaser=_teaser(comparison) if comparison else (),
        reported=tuple(value for value in reported if value.protocol == board.protocol.id),
    )
    if comparison:
        comparison.write(out / section.script, section.anchor)
    return section


def set_score(row: Row, name: str) -> float | None:
    """Return a row's score of all faces together, the mean over its seeds; None unless all have it."""
    found = [record.set_scores[name].value for record in row.records if name in record.set_scores]
    return math.fsum(found) / len(found) if len(found) == len(row.records) else None


def why_absent(row: Row, name: str) -> str:
    """Return why a row lacks a score that its table has."""
    return next((record.absent[name] for record in row.records if name in record.absent), "not asked for")


def marks(row: Row, name: str) -> list[tuple[str, str]]:
    """Return the marks of a row's score with the reasons to be careful with it."""
    found = {}
    if name in row.not_checked:
        found["?"] = f"not verified, as the other scores were: {row.not_checked[name]}"
    for record in row.records:
        if name in (wrong := known_wrong(record)):
            found["✗"] = wrong[name]
        facts = record.extra_scores.get(name)
        if facts and facts.trained_with not in ((), "unknown"):
            found["‡"] = f"the model was trained with {', '.join(facts.trained_with)}, which computes this score"
        if name in record.set_scores and (warning := record.set_scores[name].warning):
            found["!"] = warning
    return list(found.items())


def _notes(board: Leaderboard) -> tuple[str, ...]:
    """Return each mark of the table with its reasons, and the rows that they belong to."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for row in board.rows:
        names = dict.fromkeys(name for record in row.records for name in (*record.scores, *record.set_scores))
        for name in names:
            for mark, reason in marks(row, name):
                rows.setdefault((mark, name, reason), []).append(row.label)
    return tuple(
        f"{mark} {score_label(name)} of {', '.join(labels)}: {reason}." for (mark, name, reason), labels in rows.items()
    )


def _smallest(board: Leaderboard) -> str:
    """Return the smallest detectable difference of each score that has one."""
    return "; ".join(
        f"{score_label(name)} {number(value, example)}{f' {example.unit}' if example.unit else ''}"
        for name, value in board.smallest_difference.items()
        if value is not None and math.isfinite(value) and (example := board.example(name))
    )


def _teaser(comparison: FaceComparison) -> tuple[TeaserImage, ...]:
    """Return the face that the models disagree on most: LR, the baseline, the best models, HR."""
    board = comparison.board
    face, name = disagreement(comparison)[0], board.scores[0]
    ranked = [shown for shown in comparison.models if not shown.row.beyond_lr]
    others = [shown for shown in ranked if shown.row is not board.baseline][:TEASER_MODELS]
    chosen = [*(shown for shown in ranked if shown.row is board.baseline), *others]
    models = [
        TeaserImage(
            image_url(shown.folder, face),
            f"{face}, {shown.label}",
            f"{shown.label} {number(value, board.example(name))}",
            "sr",
        )
        for shown in chosen
        if (value := shown.score(name, face)) is not None
    ]
    lr = [TeaserImage(image_url(comparison.lr, face), f"{face}, LR", "LR", "lr")] if face in comparison.with_lr else []
    hr = [TeaserImage(image_url(comparison.hr, face), f"{face}, HR", "HR", "hr")] if face in comparison.with_hr else []
    return (*lr, *models, *hr)
