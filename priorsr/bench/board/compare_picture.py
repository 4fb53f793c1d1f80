"""Draw a comparison: the differences of the faces, and the faces on which each model leads most."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from priorsr.bench.board.compare import Compared
from priorsr.bench.board.numbers import interval, number, p_value, score_label
from priorsr.bench.store.records import Record
from priorsr.bench.store.results import faces_path, lr_kind, outputs_path
from priorsr.bench.store.stored_images import check_image, load_image
from priorsr.viz.difference_picture import DifferenceSpread, FaceRow, draw_differences

SHOWN = 3  # faces of either kind


def draw_comparison(compared: Compared, results: Path, path: Path) -> bool:
    """Draw one comparison with the images of a results folder; return whether there were images to show.

    A row with several seeds shows the images of the first seed.
    """
    ours, theirs, found = compared.ours, compared.theirs, compared.found
    example = ours.record.scores[compared.score]
    sign = 1 if example.higher_is_better else -1
    ordered = sorted(compared.by_face, key=lambda face: sign * compared.by_face[face])
    ordered = [face for face in ordered if _has_images(compared, results, face)]
    label = score_label(compared.score)
    count = min(SHOWN, len(ordered) // 2)
    groups = {
        f"{ours.label}: its best faces against {theirs.label}": [
            _face(compared, results, face) for face in ordered[::-1][:count]
        ],
        "its worst ones": [_face(compared, results, face) for face in ordered[:count]],
    }
    unit = f" / {example.unit}" if example.unit else ""
    mean = number(found.mean, example, sign=True, finer=1)
    bounds = f" ({interval(found.interval95, example, sign=True, finer=1)})" if found.interval95 else ""
    draw_differences(
        DifferenceSpread(list(compared.by_face.values()), found.mean, found.interval95, example.higher_is_better),
        groups if count else {},
        path,
        title=f"{ours.label} against {theirs.label}, {compared.data}: {label} under {compared.protocol}",
        axis=f"{label}{unit}, {ours.label} less {theirs.label}, by face",
        note=f"{ours.label} is {found.verdict_words}: {mean}{bounds}, p-value {p_value(found.p)}, over {found.over}. "
        + compared.warning,
    )
    return count > 0


def _images(compared: Compared, results: Path, face: str) -> dict[str, tuple[Path, str]]:
    """Return where a face's images lie, and their hashes, by caption."""
    record, theirs = compared.ours.record, compared.theirs.record
    known = record.images[face]
    hr = faces_path(results, record.data.hash, "hr")
    lr = faces_path(results, record.data.hash, lr_kind(record.protocol.reduction_hash))
    return {
        "LR": (lr / f"{face}.png", known.lr),
        compared.ours.label: (_output(record, results, face), known.sr),
        f"{compared.theirs.label} ": (_output(theirs, results, face), theirs.images[face].sr),  # or itself
        "HR": (hr / f"{face}.png", known.hr),
    }


def _output(record: Record, results: Path, face: str) -> Path:
    return outputs_path(results, record.outputs or "none") / f"{face}.png"


def _has_images(compared: Compared, results: Path, face: str) -> bool:
    return all(path.is_file() for path, _ in _images(compared, results, face).values())


def _face(compared: Compared, results: Path, face: str) -> FaceRow:
    images: dict[str, np.ndarray] = {}
    for caption, (path, digest) in _images(compared, results, face).items():
        check_image(path, digest, f"the records {compared.ours.record.id} and {compared.theirs.record.id}")
        images[caption] = load_image(path)
    example = compared.ours.record.scores[compared.score]
    return FaceRow(f"{face[:12]}\n{number(compared.by_face[face], example, sign=True)}", images)
