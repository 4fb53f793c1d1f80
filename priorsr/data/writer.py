"""Write face sets; an interrupted write can be continued, and a folder is a set only once its manifest exists."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from priorsr.data.decoding import MOST_BYTES, MOST_PIXELS
from priorsr.data.face_set import PARTS, FaceSet, image_path, parsing_path, split_path
from priorsr.data.images import write_image
from priorsr.data.landmarks_file import Points, check_points, write_landmarks
from priorsr.data.manifest import LANDMARKS, NAME, Manifest, Provenance
from priorsr.data.maps import check_classes, read_parsing
from priorsr.data.names import flaw_of_name
from priorsr.data.unfinished import read_journal
from priorsr.errors import DataError
from priorsr.execution.parallel import parallel_map
from priorsr.files import atomic_json, atomic_text, sha256_file, sha256_json
from priorsr.partial_files import sweep
from priorsr.priors import label_map, landmark_scheme, landmarks_from_parsing
from priorsr.signed_lines import add_line, signed_line
from priorsr.version import __version__

JOURNAL = ".unfinished.jsonl"
FROM_PARSING = Provenance(tool="priorsr.priors.landmarks_from_parsing", version=__version__)
CHUNK = 256  # parsing maps in memory at once


class Pixels(NamedTuple):
    """The pixels of a face to write.

    image: uint8 (H,W,3). parsing: uint8 (H,W). image_format, original_size: what the image was, and its (height, width)
    before it was resized, if it was.
    """

    image: np.ndarray
    parsing: np.ndarray | None = None
    landmarks: Points | None = None
    image_format: str = "PNG"
    original_size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Face:
    """A face to be written. key: identifies its source and options; a face with the same key is not made again."""

    id: str
    split: str
    key: str
    make: Callable[[], Pixels]


class About(NamedTuple):
    """The fields of a manifest that an importer sets; see `Manifest`."""

    name: str
    source: str
    licence: str
    label_map: str = "celebamask-19"
    landmark_scheme: str = "ibug-68"
    version: str = "1"


def write_face_set(
    out: str | Path,
    faces: Sequence[Face],
    about: About,
    *,
    parsing: Provenance | None = None,
    landmarks: Provenance | None = None,
    images_of: Manifest | None = None,
) -> FaceSet:
    """Write a face set into the folder `out`, and open it.

    parsing, landmarks: the tool that made the faces' priors. With FROM_PARSING, landmarks are computed here from the
    parsing maps, for every face that has one.
    images_of: the manifest of the set from which all images are copied unchanged, whose facts about them are kept.

    Repeating an interrupted call continues it: faces with the right hash are kept. A finished set of the same faces is
    opened. Raises DataError if `out` holds anything else,
    or if the faces are not what a set can hold: all of one size, with ids and splits that can be names of files.
    """
    folder = Path(out)
    _check_names(faces, about)
    made_from = sha256_json([about, sorted((face.id, face.split, face.key) for face in faces)])
    if (folder / NAME).exists():
        finished = FaceSet.open(folder)
        if finished.manifest.made_from == made_from:
            return finished
        raise DataError(f"{folder}: holds a finished face set made from other files or options; choose another folder")
    written = _write_faces(folder, faces, about, {"parsing": parsing, "landmarks": landmarks})
    points = _all_points(folder, written, about, landmarks)
    files = {name: digest for entry in written.values() for name, digest in entry["files"].items()}
    for split in sorted({face.split for face in faces}):
        ids = sorted(face.id for face in faces if face.split == split)
        atomic_text(folder / split_path(split), "\n".join(ids) + "\n")
        files[split_path(split)] = sha256_file(folder / split_path(split))
    if points:
        write_landmarks(folder / LANDMARKS, points)
        files[LANDMARKS] = sha256_file(folder / LANDMARKS)
    for part in PARTS:
        for left in (folder / part).glob("*"):  # by an interrupted call: torn, or of faces that are not asked for now
            if left.is_file() and f"{part}/{left.name}" not in files:
                left.unlink()
    formats = Counter(entry["image_format"] for entry in written.values())
    original_sizes = {tuple(entry["original_size"]) for entry in written.values()}
    made_by = {
        "parsing": parsing if any(parsing_path(face) in files for face in written) else None,
        "landmarks": landmarks if points else None,
    }
    manifest = Manifest.model_validate(
        about._asdict()
        | {
            "image_sizes": sorted({tuple(entry["size"]) for entry in written.values()}),
            "original_sizes": images_of.original_sizes if images_of else sorted(original_sizes),
            "image_formats": images_of.image_formats if images_of else dict(sorted(formats.items())),
            "priors": {prior: tool for prior, tool in made_by.items() if tool},
            "made_from": made_from,
            "files": dict(sorted(files.items())),
        }
    )
    atomic_json(folder / NAME, manifest.model_dump())
    (folder / JOURNAL).unlink()
    return FaceSet.open(folder)


def _check_names(faces: Sequence[Face], about: About) -> None:
    if not faces:
        raise DataError("no faces were given; a face set has one or more")
    for field, text in about._asdict().items():
        if text.encode(errors="replace").decode() != text:
            raise DataError(f"the set's {field} {text!r} is not UTF-8; give another {field}")
    seen: dict[str, Face] = {}
    for face in faces:
        for what, name in (("face", face.id), ("split", face.split)):
            if flaw := flaw_of_name(name):
                raise DataError(f"the {what} {name!r} cannot be the name of a file: {flaw}")
        other = seen.setdefault(unicodedata.normalize("NFC", face.id).casefold(), face)
        if other is face:
            continue
        if other.id == face.id:
            raise DataError(
                f"the face {face.id!r} is given twice, in {other.split} and in {face.split}; once was expected"
            )
        raise DataError(
            f"the faces {other.id!r} and {face.id!r} have the same name where a file system ignores letter case; names "
            "that differ in more were expected"
        )


def _write_faces(
    folder: Path, faces: Sequence[Face], about: About, made_by: Mapping[str, Provenance | None]
) -> dict[str, dict[str, Any]]:
    """Write the missing faces, and return the journal's entries of all faces by id."""
    labels, scheme = label_map(about.label_map), landmark_scheme(about.landmark_scheme)

    def write(face: Face) -> dict[str, Any]:
        pixels = face.make()
        check_pixels(pixels, f"the face {face.id!r}")
        for prior, tool in made_by.items():
            if getattr(pixels, prior) is not None and tool is None:
                raise DataError(
                    f"the face {face.id!r} has {prior}; the tool that made them was expected, and is not given"
                )
        files: dict[str, tuple[np.ndarray, np.ndarray | None]] = {image_path(face.id): (pixels.image, None)}
        if pixels.parsing is not None:
            check_classes(pixels.parsing, labels, f"the face {face.id!r}")
            files[parsing_path(face.id)] = (pixels.parsing, labels.palette)
        if pixels.landmarks is not None:
            check_points(pixels.landmarks, scheme, repr(face.id))
        for name, (content, palette) in files.items():
            write_image(folder / name, content, palette)
        return {
            "id": face.id,
            "key": face.key,
            "size": list(pixels.image.shape[:2]),
            "original_size": pixels.original_size or list(pixels.image.shape[:2]),
            "image_format": pixels.image_format,
            "files": {name: sha256_file(folder / name) for name in files},
            "landmarks": pixels.landmarks and [part.tolist() for part in pixels.landmarks],
        }

    known = {entry["id"]: entry for entry in read_journal(folder / JOURNAL, "face set")}
    sweep(folder)
    keys = {face.id: face.key for face in faces}
    kept = {face: entry for face, entry in known.items() if keys.get(face) == entry["key"] and _whole(folder, entry)}
    atomic_text(folder / JOURNAL, "".join(signed_line(entry).decode() for entry in kept.values()))
    for entry in parallel_map(write, [face for face in faces if face.id not in kept], f"Writing {folder.name}"):
        _check_one_size(next(iter(kept.values()), entry), entry)
        add_line(folder / JOURNAL, entry)
        kept[entry["id"]] = entry
    return kept


def _check_one_size(first: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    if first["size"] != other["size"]:
        one, two = (f"the face {entry['id']!r} is {entry['size'][0]} x {entry['size'][1]}" for entry in (other, first))
        raise DataError(f"{one}, but {two}; all of one size were expected (import them with a size)")


def _whole(folder: Path, entry: Mapping[str, Any]) -> bool:
    try:
        return all(sha256_file(folder / name, MOST_BYTES) == digest for name, digest in entry["files"].items())
    except (DataError, OSError):
        return False


def _points(entry: Mapping[str, Any]) -> Points:
    landmarks, valid = entry["landmarks"]
    return np.array(landmarks, dtype=np.float32), np.array(valid, dtype=bool)


def _all_points(
    folder: Path, written: Mapping[str, Mapping[str, Any]], about: About, landmarks: Provenance | None
) -> dict[str, Points]:
    """Return the landmarks of all faces that have any, by id: given, or computed from parsing maps."""
    if landmarks is None or landmarks.tool != FROM_PARSING.tool:
        return {face: _points(entry) for face, entry in written.items() if entry["landmarks"]}
    points: dict[str, Points] = {}
    ids = sorted(face for face, entry in written.items() if parsing_path(face) in entry["files"])
    for chunk in (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)):
        maps = [read_parsing(folder / parsing_path(face), label_map(about.label_map)) for face in chunk]
        found, valid = landmarks_from_parsing(torch.from_numpy(np.stack(maps)))
        points |= zip(chunk, zip(found.numpy(), valid.numpy(), strict=True), strict=True)
    return points


def check_pixels(face: Pixels, who: str) -> None:
    """Raise DataError, beginning with `who`, unless the image is RGB of 8 bits and the parsing map as large."""
    image, parsing = face.image, face.parsing
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise DataError(f"{who}: is {image.dtype} of shape {image.shape}; uint8 (H, W, 3) was expected")
    height, width = image.shape[:2]
    if not 0 < height * width <= MOST_PIXELS:
        raise DataError(f"{who}: is {height} x {width}; 1 to {MOST_PIXELS:,} pixels were expected")
    if parsing is None:
        return
    if parsing.dtype != np.uint8 or parsing.ndim != 2:
        raise DataError(
            f"{who}: its parsing map is {parsing.dtype} of shape {parsing.shape}; uint8 (H, W) was expected"
        )
    if parsing.shape != (height, width):
        (rows, columns) = parsing.shape
        raise DataError(
            f"{who}: is {height} x {width}, but its parsing map is {rows} x {columns}; the same was expected"
        )
