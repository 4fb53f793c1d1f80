"""The first faces of a split, stored with the results, so that a page can be built without the face set."""

from __future__ import annotations

from pathlib import Path

from priorsr.bench.images import save_images
from priorsr.bench.results import faces_path, lr_kind
from priorsr.data import FaceLoader

SHOWN_FACES = 12


def store_faces(loader: FaceLoader, results: Path, reduction_hash: str) -> None:
    """Store HR and LR of the first faces of a split as 8-bit PNG files, those that are not there yet."""
    hr, lr = (faces_path(results, loader.face_set.hash, kind) for kind in ("hr", lr_kind(reduction_hash)))
    missing = [
        face for face in loader.ids[:SHOWN_FACES] if not all((folder / f"{face}.png").is_file() for folder in (hr, lr))
    ]
    if missing:
        batch = loader.faces(missing)
        save_images(batch.hr, batch.ids, hr)
        save_images(batch.lr, batch.ids, lr)
