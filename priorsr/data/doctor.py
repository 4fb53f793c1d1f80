"""What is wrong with a face set, all of it at once."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

from priorsr.data.face_set import LANDMARKS, FaceSet, image_path, parsing_path
from priorsr.data.images import read_image, read_parsing
from priorsr.data.landmarks_file import read_landmarks
from priorsr.data.lr_check import Finding, check_lr
from priorsr.data.parallel import parallel_map
from priorsr.data.reduction import find_kernel
from priorsr.errors import DataError

LR = "lr"


@dataclass(frozen=True)
class Report:
    """What an examination found. notes: sentences on what was looked at."""

    path: str
    faces: int
    findings: list[Finding]
    notes: list[str]


def examine(path: str | Path, *, lr: str | Path | None = None, reduction: str = "pil-bicubic") -> Report:
    """Examine the face set in the folder `path`, and, beside it, the LR images in `lr` or in its own folder lr/.

    Looked for: files that are missing, changed or not listed; images, maps and landmarks that cannot be read, have
    unknown classes, NaN or sizes that do not fit; faces in several splits, or the same pixels in two of them; and what
    `check_lr` looks for. Raises DataError if the folder is no face set at all.
    """
    find_kernel(reduction)
    faces = FaceSet.open(path)
    ids = sorted({face for split in faces.splits for face in faces.ids(split)})
    findings = [Finding("files", *problem.split(": ", 1)) for problem in faces.verify()]
    findings += _check_landmarks(faces)
    pixels: dict[str, str] = {}
    for face, (found, digest) in zip(
        ids, parallel_map(lambda face: _check_face(faces, face), ids, "Reading"), strict=True
    ):
        findings += found
        if digest:
            pixels[face] = digest
    findings += _check_splits(faces, pixels)
    notes = [f"{len(ids)} faces in {', '.join(faces.splits) or 'no split'}"]
    own = faces.path / LR
    if lr is not None or own.is_dir():
        try:
            found, note = check_lr(faces, ids, own if lr is None else Path(lr), reduction)
            findings += found
            notes.append(note)
        except DataError as error:
            findings.append(_of(error, "lr"))
    inside = [replace(finding, where=finding.where.removeprefix(f"{faces.path}/")) for finding in findings]
    return Report(str(path), len(ids), inside, notes)


def _check_landmarks(faces: FaceSet) -> list[Finding]:
    try:
        if faces.has_landmarks:
            read_landmarks(faces.path / LANDMARKS, faces.landmark_scheme)
    except DataError as error:
        return [_of(error, "landmarks")]
    return []


def _check_face(faces: FaceSet, face: str) -> tuple[list[Finding], str | None]:
    """What is wrong with a face's files as they are now, and a hash of its pixels."""
    try:
        image = read_image(faces.path / image_path(face))
    except DataError as error:
        return [_of(error, "images")], None
    findings = []
    if faces.has_parsing_of(face):
        path = faces.path / parsing_path(face)
        try:
            parsing = read_parsing(path, faces.label_map)
            if parsing.shape != image.shape[:2]:
                problem = (
                    f"is {parsing.shape[0]} x {parsing.shape[1]}, but its image is {image.shape[0]} x {image.shape[1]}"
                )
                findings.append(Finding("sizes", str(path), problem))
        except DataError as error:
            findings.append(_of(error, "parsing"))
    return findings, hashlib.sha256(f"{image.shape}".encode() + image.tobytes()).hexdigest()


def _check_splits(faces: FaceSet, pixels: dict[str, str]) -> list[Finding]:
    """Faces, by id or by their pixels, that are in more than one split."""
    findings = []
    splits_of: dict[str, list[str]] = defaultdict(list)
    alike: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for split in faces.splits:
        for face in faces.ids(split):
            splits_of[face].append(split)
            if face in pixels:
                alike[pixels[face]].append((split, face))
    for face, splits in splits_of.items():
        if len(splits) > 1:
            findings.append(Finding("splits", str(faces.path), f"{face!r} is in {' and in '.join(splits)}"))
    for same in alike.values():
        (split, face), *others = same
        for other_split, other in others:
            if other_split != split and other != face:
                problem = (
                    f"has the same pixels as {image_path(other)}, but is in {split} and the other in {other_split}"
                )
                findings.append(Finding("splits", str(faces.path / image_path(face)), problem))
    return findings


def _of(error: DataError, check: str) -> Finding:
    where, _, problem = str(error).partition(": ")
    return Finding(check, where, problem)
