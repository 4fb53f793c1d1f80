"""The data of the page that compares faces: a table's models, its faces, and every face's scores."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from priorsr.bench.board.leaderboard import Leaderboard
from priorsr.bench.board.numbers import score_label
from priorsr.bench.board.rows import Row
from priorsr.bench.pages.site.copied_images import copy_images, image_folder
from priorsr.bench.pages.site.row_page import row_key
from priorsr.bench.store.records import Record
from priorsr.bench.store.results import faces_path, lr_kind, outputs_path
from priorsr.errors import DataError
from priorsr.files import atomic_text
from priorsr.text import printable

_DIGITS = {"dB": 2, "": 4}  # as they are shown; one more is stored, so that faces sort


@dataclass(frozen=True)
class Shown:
    """A row of a table whose images were kept: the record whose images and scores these are, and their folder's URL."""

    row: Row
    record: Record
    folder: str

    @property
    def label(self) -> str:
        """Return the row's label, with the seed whose images these are where the row has several."""
        return f"{self.row.label}, seed {self.record.training.seed}" if self.row.over_seeds else self.row.label

    def score(self, name: str, face: str) -> float | None:
        """Return a face's score in these images; None without that score."""
        score = self.record.scores.get(name)
        return None if score is None else score.per_image[face]


@dataclass(frozen=True)
class FaceComparison:
    """A table's images. lr, hr: their folders' URLs; with_lr, with_hr: the faces that have them."""

    board: Leaderboard
    models: tuple[Shown, ...]
    faces: tuple[str, ...]
    lr: str
    hr: str
    with_lr: frozenset[str]
    with_hr: frozenset[str]

    def write(self, path: Path, anchor: str) -> None:
        """Write the comparison as a script, since a page that opens from disk can load nothing else."""
        content = json.dumps(self._content(), separators=(",", ":"))
        atomic_text(path, f"faces.table({json.dumps(anchor)}, {content});\n")

    def _content(self) -> dict[str, Any]:
        board = self.board
        return {
            "lr": self.lr,
            "hr": self.hr,
            "faces": self.faces,
            "withoutLr": self._places(self.with_lr),
            "withoutHr": self._places(self.with_hr),
            "scores": [
                {
                    "name": name,
                    "label": printable(score_label(name)),
                    "unit": board.example(name).unit,
                    "higherIsBetter": board.example(name).higher_is_better,
                    "digits": _DIGITS[board.example(name).unit],
                }
                for name in board.scores
            ],
            "models": [
                {
                    "key": row_key(shown.row),
                    "label": printable(shown.label),
                    "folder": shown.folder,
                    "beyondLr": shown.row.beyond_lr,
                    "baseline": shown.row is board.baseline,
                }
                for shown in self.models
            ],
            "values": {
                name: [self._values(shown, name, board.example(name).unit) for shown in self.models]
                for name in board.scores
            },
        }

    def _places(self, there: frozenset[str]) -> list[int]:
        return [place for place, face in enumerate(self.faces) if face not in there]

    def _values(self, shown: Shown, score: str, unit: str) -> list[float | str | None]:
        """Return the scores in the order of the faces, infinity as a word that JavaScript's Number() reads."""
        return [_rounded(shown.score(score, face), _DIGITS[unit] + 1) for face in self.faces]


def make_comparison(board: Leaderboard, results: Path, out: Path, most: int | None) -> FaceComparison | None:
    """Return the comparison of a table's models with kept images, or None; copy the images into the folder `out`.

    A row with several seeds shows the first seed with images. most: the number of faces, the first ones; None: all.
    Raises DataError for a folder that lacks some of its images, or has others than the record's.
    """
    known = sorted(board.example(board.scores[0]).per_image)[:most]
    models = []
    for row in board.rows:
        kept = ((record, outputs_path(results, record.outputs)) for record in row.records if record.outputs)
        found = next(((record, folder) for record, folder in kept if folder.is_dir()), None)
        if found is None:
            continue
        record, folder = found
        there = _images(folder)
        missing = next((face for face in known if face not in there), None)
        if missing is not None:
            raise DataError(
                f"{folder}: lacks {missing}.png, an image that the record {record.id} has scores of; run the "
                "benchmark again (rerun=True), or remove the folder"
            )
        images = {face: record.images[face].sr for face in known}
        copy_images(folder, images, f"the record {record.id}", results, out)
        models.append(Shown(row, record, image_folder(folder, results)))
    if not models:
        return None
    lr = faces_path(results, board.data.hash, lr_kind(board.protocol.reduction_hash))
    hr = faces_path(results, board.data.hash, "hr")
    with_lr, with_hr = (frozenset(known) & _images(folder) for folder in (lr, hr))
    first = board.records[0]  # of the same faces as all others
    for kind, folder, there in (("lr", lr, with_lr), ("hr", hr, with_hr)):
        if there:
            images = {face: getattr(first.images[face], kind) for face in sorted(there)}
            copy_images(folder, images, f"the record {first.id}", results, out)
    return FaceComparison(
        board=board,
        models=tuple(models),
        faces=tuple(known),
        lr=image_folder(lr, results),
        hr=image_folder(hr, results),
        with_lr=with_lr,
        with_hr=with_hr,
    )


def disagreement(comparison: FaceComparison) -> list[str]:
    """Return the faces in the order of the spread (standard deviation) of the ranked models' scores, largest first.

    Infinite scores are left out.
    """
    first = comparison.board.scores[0]
    ranked = [shown for shown in comparison.models if not shown.row.beyond_lr]
    return sorted(comparison.faces, key=lambda face: -_deviation([shown.score(first, face) for shown in ranked]))


def _deviation(values: Sequence[float | None]) -> float:
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if len(finite) < 2:
        return 0.0
    mean = math.fsum(finite) / len(finite)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in finite) / len(finite))


def _images(folder: Path) -> frozenset[str]:
    return frozenset(path.stem for path in folder.glob("*.png"))


def _rounded(value: float | None, digits: int) -> float | str | None:
    if value is None:
        return None
    return round(value, digits) if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
