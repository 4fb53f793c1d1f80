"""Import Helen as its authors distribute it (Le et al., ECCV 2012)."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from PIL import Image

from priorsr.bounds import MOST_SIDE, check_number
from priorsr.data.face_set import FaceSet
from priorsr.data.importers.lists import by_face, check_split, check_there, face_of, read_rows, read_split_file
from priorsr.data.importers.sources import add_by_id, entries, files_below, folder
from priorsr.data.importers.squares import PhotographSource, round_landmarks, square_face
from priorsr.data.landmarks_file import Points, check_points
from priorsr.data.manifest import Provenance
from priorsr.data.writer import About, write_face_set
from priorsr.errors import DataError, OptionError
from priorsr.priors import landmark_scheme, to_scheme

ANNOTATION, TEST = "annotation", "testnames.txt"
SCHEME = landmark_scheme("helen-194")
COUNT = SCHEME.count
NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"
POINT = re.compile(rf"{NUMBER} ?, ?{NUMBER}", re.ASCII)
PUBLISHED = {"dic": {"train": 2_005, "test": 50}}
ANNOTATED = Provenance(tool="Helen's annotators", version="1")


class Annotation(NamedTuple):
    """The 194 points of a face, and the file that holds them."""

    points: Points
    file: Path


def import_helen(
    src: str | Path,
    out: str | Path,
    *,
    size: int = 128,
    split: Literal["helen", "dic"] = "helen",
    split_file: str | Path | None = None,
    scheme: Literal["helen-194", "ibug-68"] = "helen-194",
) -> FaceSet:
    """Build a face set of `size` pixels in `out` from Helen's official layout.

    src: a folder with annotation/N.txt (an image's name in the first line, then 194 lines `x , y`), the images NAME.jpg
    in any subfolders, and testnames.txt.

    Faces are cropped as by DIC: a square around the landmarks' box, expanded by 0.3, by Pillow's bicubic; black outside
    the photograph, and enlarged if the face is smaller than `size`. Integer coordinates are pixel centres.

    split: "helen" tests on the 330 faces of testnames.txt and trains on the rest. The members of "dic" (2,005 / 50) are
        not published: `split_file` must name them, and their numbers are checked.
    split_file: a text file with one line for each face, the image's name and train, val or test; other faces are left
        out. With "helen" it defines your own split.
    scheme: "ibug-68" converts the 194 points to 68 (see `priorsr.priors.to_scheme`), which can be mirrored.

    Raises DataError and OptionError for missing or wrong files and options.
    """
    src = Path(src)
    check_number("size", size, 1, MOST_SIDE)
    if scheme not in ("helen-194", "ibug-68"):
        raise OptionError(f"the scheme is {scheme!r}; helen-194 or ibug-68 was expected")
    check_split(split, PUBLISHED, "helen", split_file)
    annotations = _annotations(folder(src / ANNOTATION, "the folder of Helen's annotations"))
    images = _images(src)
    for face in sorted(annotations.keys() ^ images.keys()):
        lonely, missing = (
            (images[face], "annotation") if face in images else (annotations[face].file, f"image {face!r}")
        )
        raise DataError(f"{lonely}: has no {missing} in {src}")
    if split_file is None:
        test = _names(src / TEST, images)
        splits, how = {face: "test" if face in test else "train" for face in images}, f"split by {TEST}"
    else:
        splits = read_split_file(Path(split_file), images, PUBLISHED.get(split))
        how = f"split as {Path(split_file).name} has it"
    faces = []
    for face, chosen in splits.items():
        points, file = annotations[face]
        kept = points if scheme == "helen-194" else _as_68(points)
        source = PhotographSource(images[face], round_landmarks(points), kept, f"the landmarks in {file}")
        faces.append(square_face(chosen, source, size, Image.Resampling.BICUBIC))
    about = About(
        name=f"helen-{size}",
        source=f"Helen (Le et al., ECCV 2012); {how}; squares of the landmarks' boxes, expanded by 0.3, "
        f"resized to {size} x {size} by Pillow's bicubic",
        licence="unknown; the photographs are from Flickr",
        landmark_scheme=scheme,
    )
    return write_face_set(out, faces, about, landmarks=ANNOTATED)


def _annotations(path: Path) -> dict[str, Annotation]:
    """Return the annotation of each face, by its image's name."""
    known: dict[str, Annotation] = {}
    for file in entries(path):
        if file.suffix.lower() != ".txt" or not file.is_file():
            raise DataError(f"{file}: is no annotation; only N.txt files were expected in {path}")
        name, points = _annotation(file)
        if name in known:
            raise DataError(
                f"{file}: annotates the image {name!r}, as {known[name].file.name} does; one file for each was expected"
            )
        known[name] = Annotation(points, file)
    if not known:
        raise DataError(f"{path}: holds no annotations; N.txt files were expected")
    return known


def _annotation(file: Path) -> tuple[str, Points]:
    """Return the image's name in the first line of a file, and the 194 points in the others."""
    first, *rows = read_rows(file)
    if len(first.words) != 1:
        raise DataError(f"{file}: {first}; an image's name was expected, then {COUNT} points x , y")
    for row in rows:
        if not POINT.fullmatch(" ".join(row.words)):
            raise DataError(f"{file}: {row}; x , y were expected after the image's name")
    if len(rows) != COUNT:
        raise DataError(f"{file}: has {len(rows)} lines after the image's name; {COUNT} points x , y were expected")
    exact = np.array([[float(x) for x in " ".join(row.words).split(",")] for row in rows])
    with np.errstate(over="ignore"):  # infinity is refused later
        points = exact.astype(np.float32), np.ones(COUNT, dtype=bool)
    check_points(points, SCHEME, str(file))
    return face_of(first.words[0]), points


def _images(src: Path) -> dict[str, Path]:
    """Return the photographs of all subfolders by name."""
    found: dict[str, Path] = {}
    for file in files_below(src):
        if file.suffix.lower() in (".jpg", ".jpeg"):
            add_by_id(found, file)
    return found


def _names(path: Path, images: Collection[str]) -> Collection[str]:
    """Return the faces that a list names; each must have an image."""
    rows = read_rows(path)
    for row in rows:
        if len(row.words) != 1:
            raise DataError(f"{path}: {row}; an image's name was expected")
    named = by_face(path, rows)
    check_there(path, named, images)
    return named


def _as_68(points: Points) -> Points:
    landmarks, valid = (torch.from_numpy(part)[None] for part in points)
    found, known = to_scheme(landmarks, valid, "ibug-68")
    return found[0].numpy(), known[0].numpy()
