"""Draw groups of faces: the face of each group on which the best model does worst, by every model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from priorsr.bench.board.by_group import ALL, GroupTable
from priorsr.bench.board.numbers import number, score_label
from priorsr.bench.board.rows import Row
from priorsr.bench.store.results import outputs_path
from priorsr.bench.store.stored_images import check_image, load_image
from priorsr.data import FaceSet
from priorsr.viz.strips import draw_strips, save_picture

HR = "HR "  # no row's label, which has no blank at its end


def draw_groups(table: GroupTable, faces: FaceSet, results: Path, path: Path) -> bool:
    """Draw a table's groups as rows and its models as columns into a PNG file; return whether there were images.

    A face that belongs to several groups is shown once, where each group has another. Shown are the models whose SR
    images are in the results folder. A row with several seeds shows the first seed's.
    Raises DataError if an image is not the one that its record was scored with.
    """
    rows = [row for row in table.board.rows if table.score in row.scores and _has_images(row, results)]
    if not rows:
        return False
    best = next((row for row in rows if row is not table.board.baseline), rows[0])
    shown = worst_faces(table, best)
    columns = {row.label: [_sr(row, results, face) for face in shown.values()] for row in rows}
    columns[HR] = [_tensor(faces[face].image) for face in shown.values()]
    notes = {row.label: [_note(row, table.score, face) for face in shown.values()] for row in rows}
    notes[HR] = [f"{group}: {face[:12]}" for group, face in shown.items()]
    title = f"The worst face of each group by {best.label}: {score_label(table.score)}, {table.board.title}"
    save_picture(draw_strips(columns, notes, title), path)
    return True


def worst_faces(table: GroupTable, row: Row) -> dict[str, str]:
    """Return the face of each group on which a row does worst, and another one where an earlier group has it."""
    score = row.scores[table.score]
    sign = 1 if score.higher_is_better else -1
    found: dict[str, str] = {}
    for group, members in table.groups.items():
        if group != ALL:
            others = [face for face in members if face not in found.values()]
            found[group] = min(others or members, key=lambda face: sign * score.per_image[face])
    return found


def _note(row: Row, score: str, face: str) -> str:
    example = row.scores[score]
    return f"{number(example.per_image[face], example)} {example.unit}".rstrip()


def _has_images(row: Row, results: Path) -> bool:
    outputs = row.record.outputs
    return outputs is not None and all(
        (outputs_path(results, outputs) / f"{face}.png").is_file() for face in row.record.images
    )


def _sr(row: Row, results: Path, face: str) -> Tensor:
    path = outputs_path(results, str(row.record.outputs)) / f"{face}.png"
    check_image(path, row.record.images[face].sr, f"the record {row.record.id}")
    return _tensor(load_image(path))


def _tensor(pixels: np.ndarray) -> Tensor:
    return torch.tensor(pixels).permute(2, 0, 1) / 255
