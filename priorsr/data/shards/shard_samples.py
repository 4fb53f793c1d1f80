"""Faces as members of a tar file, in WebDataset's form: files that begin with the same key belong together.

KEY.png: the image. KEY.parsing.png: class indices, if the face has a map. KEY.landmarks.npy: float32 (L,3) of x, y in
pixels and 1 for valid points, else 0, if it has landmarks. KEY.json: the face's id, and the SHA-256 of the other files.
A key is the face's number in its split.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, StringConstraints

from priorsr.data.face_set import FaceSet, LoadedFace, image_path, parsing_path
from priorsr.data.images import read_image
from priorsr.data.landmarks_file import Points, check_points
from priorsr.data.manifest import Sha256
from priorsr.data.maps import read_parsing
from priorsr.errors import DataError
from priorsr.priors import LabelMap, LandmarkScheme
from priorsr.reading.json_files import parse_facts

IMAGE, PARSING, LANDMARKS, FACTS = "png", "parsing.png", "landmarks.npy", "json"

Sample = Mapping[str, bytes]
"""The files of a face, by their suffix."""


class Format(NamedTuple):
    """Facts that all faces of a set share. size: (height, width)."""

    size: tuple[int, int]
    label_map: LabelMap
    landmark_scheme: LandmarkScheme


class _Facts(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    id: Annotated[str, StringConstraints(min_length=1)]
    sha256: dict[str, Sha256]


def key_of(number: int) -> str:
    """Return the key of a face by its number in the split."""
    return f"{number:09d}"


def sample_of(faces: FaceSet, face: str) -> dict[str, bytes]:
    """Return the files of a face; raises DataError for one that has changed since the set was made."""
    files = {IMAGE: faces.content(image_path(face))}
    if faces.has_parsing_of(face):
        files[PARSING] = faces.content(parsing_path(face))
    if points := faces.landmarks(face):
        written = BytesIO()
        np.save(written, np.column_stack(points).astype(np.float32))
        files[LANDMARKS] = written.getvalue()
    hashes = {suffix: hashlib.sha256(content).hexdigest() for suffix, content in files.items()}
    return {**files, FACTS: json.dumps({"id": face, "sha256": hashes}, ensure_ascii=False).encode()}


def add_sample(tar: tarfile.TarFile, key: str, sample: Sample) -> None:
    """Add the files of a face to a tar file; equal faces make equal bytes."""
    for suffix, content in sample.items():
        member = tarfile.TarInfo(f"{key}.{suffix}")
        member.size = len(content)
        tar.addfile(member, BytesIO(content))


def read_samples(content: bytes) -> dict[str, dict[str, bytes]]:
    """Return the files in a part of a tar file by key and suffix, without those that are cut or lack a header."""
    found: dict[str, dict[str, bytes]] = {}
    try:
        with tarfile.open(
            fileobj=BytesIO(content), mode="r:", ignore_zeros=True
        ) as tar:  # goes on after broken headers
            for member in tar:
                key, _, suffix = member.name.partition(".")
                file = tar.extractfile(member) if member.isreg() and not member.issparse() else None
                if file is not None:  # a sparse file could be larger than all that was read
                    found.setdefault(key, {})[suffix] = file.read()
    except (tarfile.TarError, OSError, ValueError, EOFError):  # the rest cannot be read
        pass
    return found


def decode_sample(sample: Sample, key: str, form: Format) -> LoadedFace:
    """Return a face from its files; raises DataError, which begins with the member, for one that is not as written."""
    if FACTS not in sample:
        raise DataError(f"{key}.{FACTS}: is missing")
    facts = parse_facts(sample[FACTS], f"{key}.{FACTS}", _Facts, "the face")
    if sorted(facts.sha256) != sorted(sample.keys() - {FACTS}) or IMAGE not in facts.sha256:
        missing = sorted({IMAGE, *facts.sha256} - sample.keys())
        if missing:
            raise DataError(f"{key}.{missing[0]}: is missing")
        strange = sorted(sample.keys() - {FACTS, *facts.sha256})
        raise DataError(f"{key}.{(strange or [IMAGE])[0]}: is not listed in {key}.{FACTS}")
    for suffix, digest in facts.sha256.items():
        if hashlib.sha256(sample[suffix]).hexdigest() != digest:
            raise DataError(f"{key}.{suffix}: has changed since the shard was written: its hash is not the one listed")
    image = read_image(Path(f"{key}.{IMAGE}"), sample[IMAGE])
    _check_size(image, f"{key}.{IMAGE}", form)
    parsing = None
    if PARSING in sample:
        parsing = read_parsing(Path(f"{key}.{PARSING}"), form.label_map, sample[PARSING])
        _check_size(parsing, f"{key}.{PARSING}", form)
    points = _points(sample[LANDMARKS], f"{key}.{LANDMARKS}", form) if LANDMARKS in sample else None
    return LoadedFace(facts.id, image, parsing, points)


def _check_size(pixels: np.ndarray, who: str, form: Format) -> None:
    if pixels.shape[:2] != form.size:
        (rows, columns), (height, width) = pixels.shape[:2], form.size
        raise DataError(f"{who}: is {rows} x {columns}; {height} x {width} was expected")


def _points(content: bytes, who: str, form: Format) -> Points:
    try:
        stored = np.load(BytesIO(content), allow_pickle=False)
    except Exception as error:  # NumPy raises whatever headers do
        raise DataError(f"{who}: cannot be read as an .npy file ({error})") from error
    expected = (form.landmark_scheme.count, 3)
    if stored.dtype != np.float32 or stored.shape != expected:
        raise DataError(f"{who}: is {stored.dtype} of shape {stored.shape}; float32 {expected} was expected")
    points = stored[:, :2].copy(), stored[:, 2] != 0
    check_points(points, form.landmark_scheme, who)
    return points
