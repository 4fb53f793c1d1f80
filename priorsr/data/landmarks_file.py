"""Landmarks on disk: an .npz with `ids` (N), `landmarks` (N,L,2) float32 and `valid` (N,L) bool."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np

from priorsr.errors import DataError
from priorsr.files import atomic_path
from priorsr.priors import LandmarkScheme

Points = tuple[np.ndarray, np.ndarray]
"""Landmarks (L,2) float32, and which are valid (L) bool."""


def read_landmarks(path: Path, scheme: LandmarkScheme, content: bytes | None = None) -> dict[str, Points]:
    """The landmarks of every face in a file, whose bytes may be given, by id; without `valid` in it, all are valid.

    Points that are not valid become 0. Raises DataError for a file that is broken, names a face twice, or fails
    `check_points`.
    """
    try:
        with np.load(path if content is None else BytesIO(content), allow_pickle=False) as file:
            ids, landmarks = file["ids"], file["landmarks"].astype(np.float32)
            valid = file["valid"].astype(bool) if "valid" in file else np.ones(landmarks.shape[:2], dtype=bool)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; landmarks were expected") from None
    except KeyError as error:
        raise DataError(f"{path}: {error.args[0]}; arrays called ids and landmarks were expected") from error
    except Exception as error:  # NumPy raises whatever zip files and headers do
        raise DataError(f"{path}: cannot be read as an .npz file ({error})") from error
    if ids.ndim != 1 or not len(ids) == len(landmarks) == len(valid):
        raise DataError(
            f"{path}: has ids of shape {ids.shape}, {len(landmarks)} landmarks and {len(valid)} valid; "
            "one of each a face was expected"
        )
    known: dict[str, Points] = {}
    for face, points in zip(map(str, ids), zip(landmarks, valid, strict=True), strict=True):
        if face in known:
            raise DataError(f"{path}: the face {face!r} is there twice")
        check_points(points, scheme, f"{path}: the face {face!r}")
        known[face] = np.where(points[1][:, None], points[0], np.float32(0)), points[1]
    return known


def check_points(points: Points, scheme: LandmarkScheme, who: str) -> None:
    """Raise DataError, beginning with `who`, unless the landmarks are the scheme's and every valid one is finite."""
    landmarks, valid = points
    if landmarks.shape != (scheme.count, 2) or valid.shape != (scheme.count,):
        raise DataError(
            f"{who}: has landmarks of shape {landmarks.shape} and valid of shape {valid.shape}; "
            f"{(scheme.count, 2)} and {(scheme.count,)} were expected for {scheme.name}"
        )
    broken = valid & ~np.isfinite(landmarks).all(-1)
    if broken.any():
        raise DataError(f"{who}: landmark {int(np.argmax(broken))} is NaN or infinite")


def write_landmarks(path: Path, points: Mapping[str, Points]) -> None:
    """Write landmarks by id, sorted, whole or not at all."""
    ids = sorted(points)
    with atomic_path(path) as beside, open(beside, "wb") as file:
        np.savez(
            file,
            ids=np.array(ids),
            landmarks=np.stack([points[face][0] for face in ids]).astype(np.float32),
            valid=np.stack([points[face][1] for face in ids]).astype(bool),
        )
