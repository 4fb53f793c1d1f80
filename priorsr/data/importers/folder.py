"""Import a folder of images, with optional parsing maps and landmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from priorsr.bounds import MOST_SIDE, check_number
from priorsr.data.face_set import FaceSet
from priorsr.data.images import read_photograph
from priorsr.data.importers.divide import RULE, divide
from priorsr.data.importers.middle_square import check_reduces, fit, how
from priorsr.data.importers.sources import check_no_strangers, folder, images_by_id, key
from priorsr.data.landmarks_file import Points, check_plausible, read_landmarks
from priorsr.data.manifest import LANDMARKS, NAME, Provenance
from priorsr.data.maps import read_parsing
from priorsr.data.writer import FROM_PARSING, About, Face, Pixels, check_pixels, write_face_set
from priorsr.errors import DataError, OptionError
from priorsr.priors import LabelMap, label_map, landmark_scheme

SPLITS = ("train", "val", "test")
_UNSPLIT = ""
GIVEN = Provenance(tool="given with the images", version="unknown")


def import_folder(
    src: str | Path,
    out: str | Path,
    *,
    size: int | None = None,
    split: str | None = None,
    landmarks: Literal["from-parsing", "none"] = "from-parsing",
    labels: str = "celebamask-19",
    name: str | None = None,
    source: str | None = None,
    licence: str = "unknown",
) -> FaceSet:
    """Build a face set in `out` from the images in `src`, whose names become the faces' ids.

    src: a folder with train/, val/ or test/, each of which has images/ and, optionally, parsing/ (class indices in one
    channel, named as the images) and landmarks.npz (ids, landmarks and, optionally, valid); or a folder with images/
    and these; or a folder of images. Without splits in `src`, all faces go to `split`, or are split by `divide` if that
    is None.

    size: pixels to which the middle square of every image is reduced; None keeps the images, which must have one size.
    landmarks: "from-parsing" derives landmarks from the parsing maps, unless `src` has landmarks.
    labels: the label map of the parsing maps.

    Raises DataError and OptionError for wrong files and options. JPEG images are accepted, and counted in the manifest.
    """
    src = folder(Path(src), "a folder of images")
    if (src / NAME).exists():
        raise DataError(f"{src}: is a face set already, and needs no import")
    known = label_map(labels)
    if size is not None:
        check_number("size", size, 1, MOST_SIDE)
    parts = _parts(src)
    has_splits = _UNSPLIT not in parts
    if has_splits and split is not None:
        raise OptionError(
            f"{src}: has the splits {' and '.join(parts)} already, and split {split!r} is given; no split was expected"
        )
    from_parsing = landmarks == "from-parsing" and not any(part.landmarks for part in parts.values())
    if from_parsing and known.name != "celebamask-19" and any(part.maps for part in parts.values()):
        raise OptionError(
            f"landmarks cannot be computed from parsing maps of {known.name}; landmarks 'none' were expected"
        )
    faces = []
    for part_name, part in parts.items():
        whole = part_name or split
        splits = dict.fromkeys(part.images, whole) if whole else divide(list(part.images))
        for face, image in part.images.items():
            read = partial(_read, image, part.maps.get(face), known, part.landmarks.get(face), size)
            stamp = key(image, part.maps.get(face), part.landmarks_file, size=size, labels=labels, landmarks=landmarks)
            faces.append(Face(face, splits[face], stamp, read))
    notes = [] if has_splits or split else [RULE]
    if size is not None:
        notes.append(how(size))
    about = About(
        name=name or src.resolve().name,
        source="; ".join([source or f"the folder {src.resolve().name}", *notes]),
        licence=licence,
        label_map=labels,
    )
    return write_face_set(out, faces, about, parsing=GIVEN, landmarks=FROM_PARSING if from_parsing else GIVEN)


@dataclass(frozen=True)
class _SplitFiles:
    """The files of a split by id; either all images have a map, or none."""

    images: Mapping[str, Path]
    maps: Mapping[str, Path]
    landmarks: Mapping[str, Points]
    landmarks_file: Path | None


def _parts(src: Path) -> dict[str, _SplitFiles]:
    """Return the splits of a source by name, or all of it under the name _UNSPLIT."""
    named = {split: src / split for split in SPLITS if (src / split).is_dir()}
    if not named:
        return {_UNSPLIT: _part(src)}
    check_no_strangers(src, SPLITS)
    return {split: _part(path) for split, path in named.items()}


def _part(path: Path) -> _SplitFiles:
    if not (path / "images").is_dir():
        return _SplitFiles(images_by_id(path), {}, {}, None)
    check_no_strangers(path, ("images", "parsing", LANDMARKS))
    images = images_by_id(path / "images")
    maps = images_by_id(path / "parsing") if (path / "parsing").is_dir() else {}
    landmarks_file = path / LANDMARKS if (path / LANDMARKS).exists() else None
    landmarks = read_landmarks(landmarks_file, landmark_scheme("ibug-68")) if landmarks_file else {}
    for face in sorted(maps.keys() ^ images.keys()) if maps else ():
        lonely, missing = (images[face], "parsing map") if face in images else (maps[face], "image")
        raise DataError(f"{lonely}: has no {missing} of the same name in {path}")
    for face in sorted(landmarks.keys() - images.keys()):
        raise DataError(f"{landmarks_file}: has landmarks of {face!r}, which has no image in {path}")
    return _SplitFiles(images, maps, landmarks, landmarks_file)


def _read(image: Path, parsing: Path | None, labels: LabelMap, landmarks: Points | None, size: int | None) -> Pixels:
    given = " and ".join(name for name, prior in (("its parsing map", parsing), ("its landmarks", landmarks)) if prior)
    photograph, image_format = read_photograph(image, given or None)
    face = Pixels(photograph, None if parsing is None else read_parsing(parsing, labels), landmarks, image_format)
    check_pixels(face, str(image))
    if size is not None:
        check_reduces(photograph, size, str(image))
        face = fit(face, size)
    if face.landmarks is not None:
        check_plausible(face.landmarks, face.image.shape[:2], f"{image}: in {LANDMARKS}")
    return face
