"""Checks of a face's files: whether they are whole, fit each other, and show something."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from priorsr.data.doctor.findings import Finding, finding_of
from priorsr.data.face_set import FaceSet, image_path, parsing_path
from priorsr.data.images import read_image
from priorsr.data.landmarks_file import Points, flaw_of_points
from priorsr.data.manifest import LANDMARKS
from priorsr.data.maps import read_parsing
from priorsr.errors import DataError


@dataclass(frozen=True)
class CheckedFace:
    """The result of a check of a face.

    size: (height, width) of its image. pixels: a hash of them. Both are None where it cannot be read.
    """

    findings: list[Finding]
    size: tuple[int, int] | None = None
    pixels: str | None = None


def check_face(faces: FaceSet, face: str, landmarks: Points | None) -> CheckedFace:
    """Check a face's files as they are now, whatever their hashes, and its landmarks."""
    path = faces.path / image_path(face)
    try:
        image = read_image(path)
    except DataError as error:
        return CheckedFace([finding_of(error, "images", path)])
    findings = []
    height, width = image.shape[:2]
    if (height, width) not in faces.manifest.image_sizes:
        expected = " or ".join(f"{rows} x {columns}" for rows, columns in faces.manifest.image_sizes)
        findings.append(Finding("sizes", str(path), f"is {height} x {width}, but manifest.json lists {expected}"))
    if (image == image[0, 0]).all():
        findings.append(Finding("images", str(path), f"has one colour throughout, RGB {tuple(image[0, 0].tolist())}"))
    if faces.has_parsing_of(face):
        findings += _check_map(faces, face, (height, width))
    if landmarks is not None and (problem := _flaw_of_landmarks(landmarks, (height, width))):
        findings.append(Finding("landmarks", str(faces.path / LANDMARKS), f"the face {face!r}: {problem}"))
    return CheckedFace(findings, (height, width), _hash(image))


def _check_map(faces: FaceSet, face: str, size: tuple[int, int]) -> list[Finding]:
    path = faces.path / parsing_path(face)
    try:
        parsing = read_parsing(path, faces.label_map)
    except DataError as error:
        return [finding_of(error, "parsing", path)]
    if parsing.shape != size:
        (rows, columns), (height, width) = parsing.shape, size
        return [Finding("sizes", str(path), f"is {rows} x {columns}, but its image is {height} x {width}")]
    if parsing.min() == parsing.max():
        only = faces.label_map.classes[parsing.max()]
        return [Finding("parsing", str(path), f"is empty: it shows nothing but {only}")]
    return []


def _flaw_of_landmarks(landmarks: Points, size: tuple[int, int]) -> str | None:
    return flaw_of_points(landmarks, size) if landmarks[1].any() else "it has no valid landmark"


def _hash(image: np.ndarray) -> str:
    return hashlib.sha256(f"{image.shape}".encode() + image.tobytes()).hexdigest()
