"""Face sets from Helen as its authors hand it out (Le et al., ECCV 2012)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image

from priorsr.data.face_set import FaceSet
from priorsr.data.importers.lists import check_split, read_rows, read_split_file
from priorsr.data.importers.sources import folder
from priorsr.data.importers.squares import round_landmarks, square_face
from priorsr.data.landmarks_file import Points
from priorsr.data.manifest import Provenance
from priorsr.data.writer import About, write_face_set
from priorsr.errors import DataError, OptionError
from priorsr.priors import landmark_scheme, to_scheme

ANNOTATION, TEST = "annotation", "testnames.txt"
COUNT = landmark_scheme("helen-194").count
PUBLISHED = {"dic": {"train": 2_005, "test": 50}}
ANNOTATED = Provenance(tool="Helen's annotators", version="1")


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

    src holds annotation/N.txt, whose first line is an image's name and whose other 194 are x , y; the images NAME.jpg
    in any folders; and testnames.txt.

    Faces are cut as DIC does: the square of the landmarks' box expanded by 0.3, by Pillow's bicubic; black where it
    reaches outside the photograph, and enlarged where a face is smaller than `size`. An integer is taken for a pixel's
    centre.

    split: "helen": test is what testnames.txt names (330), the rest is train. The members of "dic" (2,005 / 50) are not
        published: `split_file` names them, and they are counted. With "helen" it is a split of your own. It has a line
        for each face, the image's name and train, val or test; faces that it does not name are left out.
    scheme: "ibug-68" turns the 194 points into 68 (see `priorsr.priors.to_scheme`), which can be mirrored.

    Raises DataError and OptionError for what is missing or does not fit.
    """
    src = Path(src)
    if size < 1:
        raise OptionError(f"the faces were asked for with size {size}; at least 1 was expected")
    if scheme not in ("helen-194", "ibug-68"):
        raise OptionError(f"the scheme is {scheme!r}; helen-194 or ibug-68 was expected")
    check_split(split, PUBLISHED, "helen", split_file)
    points = _annotations(folder(src / ANNOTATION, "the folder of Helen's annotations"))
    images = _images(src)
    for face in sorted(points.keys() ^ images.keys()):
        lonely, missing = (images[face], "annotation") if face in images else (f"{src / ANNOTATION}: {face!r}", "image")
        raise DataError(f"{lonely}: has no {missing} in {src}")
    if split_file is None:
        test = _names(src / TEST, images)
        splits, how = {face: "test" if face in test else "train" for face in images}, f"split by {TEST}"
    else:
        splits = read_split_file(Path(split_file), images, PUBLISHED.get(split))
        how = f"split as {Path(split_file).name} has it"
    faces = [
        square_face(
            chosen,
            images[face],
            round_landmarks(points[face]),
            points[face] if scheme == "helen-194" else _as_68(points[face]),
            size,
            Image.Resampling.BICUBIC,
        )
        for face, chosen in splits.items()
    ]
    about = About(
        name=f"helen-{size}",
        source=f"Helen (Le et al., ECCV 2012); {how}; squares of the landmarks' boxes, expanded by 0.3, "
        f"resized to {size} x {size} by Pillow's bicubic",
        licence="unknown; the photographs are from Flickr",
        landmark_scheme=scheme,
    )
    return write_face_set(out, faces, about, landmarks=ANNOTATED)


def _annotations(path: Path) -> dict[str, Points]:
    """The 194 points of each face, by its image's name."""
    known: dict[str, Points] = {}
    for file in sorted(path.glob("*.txt")):
        (name, *_), *rows = read_rows(file) or [[""]]
        try:
            landmarks = np.array([[float(x) for x in " ".join(row).split(",")] for row in rows], dtype=np.float32)
        except ValueError:
            raise DataError(f"{file}: has a line that is not x , y after the image's name") from None
        if landmarks.shape != (COUNT, 2) or not np.isfinite(landmarks).all():
            raise DataError(f"{file}: has {len(rows)} lines after the image's name; {COUNT} points x , y were expected")
        if name in known:
            raise DataError(f"{file}: is of the image {name!r}, which another file has annotated")
        known[name] = landmarks, np.ones(COUNT, dtype=bool)
    if not known:
        raise DataError(f"{path}: holds no annotations; N.txt files were expected")
    return known


def _images(src: Path) -> dict[str, Path]:
    """The photographs by name, in whatever folders they are."""
    found: dict[str, Path] = {}
    for file in sorted(src.rglob("*.jpg")):
        if file.stem in found:
            raise DataError(f"{file}: {found[file.stem]} has the same name; one image a face was expected")
        found[file.stem] = file
    return found


def _names(path: Path, images: Mapping[str, Path]) -> set[str]:
    """The faces that a list names, each of which has an image."""
    names = {words[0] for words in read_rows(path)}
    for name in sorted(names - images.keys()):
        raise DataError(f"{path}: names {name!r}, of which there is no image")
    return names


def _as_68(points: Points) -> Points:
    landmarks, valid = (torch.from_numpy(part)[None] for part in points)
    found, known = to_scheme(landmarks, valid, "ibug-68")
    return found[0].numpy(), known[0].numpy()
