"""Image strips: a face as LR, as each model sees it, and as HR."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from priorsr.bench.leaderboard import Leaderboard
from priorsr.bench.numbers import number
from priorsr.bench.records import Record
from priorsr.bench.results import faces_path, lr_kind, outputs_path
from priorsr.files import atomic_path


@dataclass(frozen=True)
class Picture:
    """An image of the page: where it lies, what it shows, and, if it is a model's, its score.

    best: it has the face's best score among the ranked models.
    """

    url: str
    alt: str
    score: str = ""
    best: bool = False


@dataclass(frozen=True)
class Strip:
    """A face's pictures in the order of `Strips.models`, between its LR and its HR; None where there is no image."""

    face: str
    lr: Picture | None
    models: tuple[Picture | None, ...]
    hr: Picture | None


@dataclass(frozen=True)
class Strips:
    """A table of pictures: a column for each model, the baseline first; a row for each face."""

    models: tuple[Record, ...]
    rows: tuple[Strip, ...]


def make_strips(board: Leaderboard, results: Path, out: Path) -> Strips:
    """The strips of a leaderboard's models whose images were kept, for the faces that a run stored.

    Copies what they show from the results folder into the folder `out`.
    """
    first = board.scores[0]
    records = sorted((row.record for row in board.rows), key=lambda record: record is not board.baseline)
    models = tuple(
        record
        for record in records
        if first in record.scores and record.outputs and outputs_path(results, record.outputs).is_dir()
    )
    known = board.example(first).per_image
    faces = [path.stem for path in sorted(faces_path(results, board.data.hash, "hr").glob("*.png"))]
    return Strips(models, tuple(_strip(face, board, models, results, out) for face in faces if face in known))


def copy(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all."""
    with atomic_path(target) as beside:
        shutil.copyfile(source, beside)


def _strip(face: str, board: Leaderboard, models: Iterable[Record], results: Path, out: Path) -> Strip:
    def picture(folder: Path, alt: str, score: str = "", best: bool = False) -> Picture | None:
        source = folder / f"{face}.png"
        if not source.is_file():
            return None
        place = Path("images") / source.relative_to(results)
        copy(source, out / place)
        return Picture(quote(place.as_posix()), f"{face}, {alt}", score, best)

    def of_model(record: Record) -> Picture | None:
        score = record.scores[first]
        value = score.per_image[face]
        return picture(
            outputs_path(results, record.outputs or ""), record.model.label, number(value, score), value == best
        )

    first = board.scores[0]
    ranked = [row.record.scores[first] for row in board.ranked if first in row.record.scores]
    pick = max if board.example(first).higher_is_better else min
    best = pick((score.per_image[face] for score in ranked), default=None)
    lr = faces_path(results, board.data.hash, lr_kind(board.protocol.reduction_hash))
    hr = faces_path(results, board.data.hash, "hr")
    return Strip(face, picture(lr, "LR"), tuple(map(of_model, models)), picture(hr, "HR"))
