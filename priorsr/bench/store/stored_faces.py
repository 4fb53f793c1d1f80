"""The faces of a split, stored with the results, so that a page can be built without the face set."""

from __future__ import annotations

from pathlib import Path

from priorsr.bench.store.results import faces_path, lr_kind
from priorsr.bench.store.stored_images import save_images
from priorsr.data import FaceLoader

SHOWN_FACES = 12


def store_faces(loader: FaceLoader, results: Path, reduction_hash: str, *, every: bool) -> None:
    """Store HR and LR of the first faces of a split, or of every one, as 8-bit PNG files: those not there yet."""
    hr, lr = (faces_path(results, loader.face_set.hash, kind) for kind in ("hr", lr_kind(reduction_hash)))
    there = [{path.stem for path in folder.glob("*.png")} for folder in (hr, lr)]
    missing = [
        face for face in (loader.ids if every else loader.ids[:SHOWN_FACES]) if any(face not in t for t in there)
    ]
    for start in range(0, len(missing), loader.batch_size):
        batch = loader.faces(missing[start : start + loader.batch_size])
        save_images(batch.hr, batch.ids, hr)
        save_images(batch.lr, batch.ids, lr)
