"""Make face sets of synthetic faces, with exact parsing maps and landmarks."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from priorsr.bounds import MOST_SIDE, SEEDS, check_number
from priorsr.data.face_set import FaceSet
from priorsr.data.importers.divide import divide
from priorsr.data.manifest import Provenance
from priorsr.data.synth import draw_faces
from priorsr.data.writer import About, Face, Pixels, write_face_set
from priorsr.version import __version__

MOST_FACES = 10**7
MADE_BY = Provenance(tool="priorsr.data.synth", version=__version__)


def synthesise(
    out: str | Path, *, count: int, seed: int, size: int = 128, val: int | None = None, test: int | None = None
) -> FaceSet:
    """Draw `count` synthetic faces of `size` pixels into the folder `out`; the same arguments draw the same pixels.

    val, test: number of faces, from the end, for each; a tenth by default. Raises OptionError and DataError.
    """
    check_number("count", count, 1, MOST_FACES)
    check_number("seed", seed, 0, SEEDS - 1)
    check_number("size", size, 16, MOST_SIDE)
    width = max(6, len(str(count - 1)))  # ids in the order of their numbers
    ids = [f"{index:0{width}d}" for index in range(count)]
    splits = divide(ids, val, test)
    faces = [
        Face(face, splits[face], f"{__version__}/{seed}/{index}/{size}", partial(_draw, seed, index, size))
        for index, face in enumerate(ids)
    ]
    about = About(
        name=f"synthetic-{count}-seed-{seed}",
        source=f"drawn by priorsr {__version__} from seed {seed}",
        licence="CC0-1.0",
    )
    return write_face_set(out, faces, about, parsing=MADE_BY, landmarks=MADE_BY)


def _draw(seed: int, index: int, size: int) -> Pixels:
    drawn = draw_faces(seed, index, 1, size=size)
    landmarks = drawn.landmarks[0].numpy()
    return Pixels(
        image=np.ascontiguousarray(drawn.images[0].permute(1, 2, 0).numpy()),
        parsing=drawn.parsing[0].numpy(),
        landmarks=(landmarks, np.ones(len(landmarks), dtype=bool)),
    )
