"""Landmarks on disk: an .npz with `ids` (N), `landmarks` (N,L,2) float32 and `valid` (N,L) bool."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np

from priorsr.errors import DataError
from priorsr.files import atomic_path
from priorsr.priors import LandmarkScheme
from priorsr.reading.content import read_content

Points = tuple[np.ndarray, np.ndarray]
"""Landmarks (L,2) float32, and which are valid (L) bool."""

MOST_BYTES = 2**31  # of a file's arrays: 1.3 million faces of 194 landmarks
KINDS = {"ids": ("Uiu", "names"), "landmarks": ("fiu", "numbers"), "valid": ("biu", "true or false")}


def read_landmarks(path: Path, scheme: LandmarkScheme, content: bytes | None = None) -> dict[str, Points]:
    """Read the landmarks of every face in a file, whose bytes may be given, by id; without `valid`, all are valid.

    Points that are not valid become 0. Raises DataError for a file that is broken or too large, names a face twice, or
    fails `check_points`.
    """
    arrays = _read_arrays(path, content)
    ids, landmarks = arrays["ids"], arrays["landmarks"]
    with np.errstate(over="ignore"):  # becomes infinite, which is refused
        landmarks = landmarks.astype(np.float32)
    valid = arrays.get("valid", np.ones(landmarks.shape[:2], dtype=bool))
    if valid.dtype != bool and not np.isin(valid, (0, 1)).all():
        raise DataError(f"{path}: valid has the value {valid.max()}; true or false, or 1 or 0, were expected")
    shapes = [array.shape for array in (ids, landmarks, valid)]
    if ids.ndim != 1 or any(shape[:1] != ids.shape for shape in shapes):
        raise DataError(
            f"{path}: has ids of shape {shapes[0]}, landmarks of shape {shapes[1]} and valid of shape {shapes[2]}; "
            "one of each a face was expected"
        )
    known: dict[str, Points] = {}
    for face, points in zip(map(str, ids), zip(landmarks, valid.astype(bool), strict=True), strict=True):
        if face in known:
            raise DataError(f"{path}: has the face {face!r} twice")
        check_points(points, scheme, f"{path}: the face {face!r}")
        known[face] = np.where(points[1][:, None], points[0], np.float32(0)), points[1]
    return known


def _read_arrays(path: Path, content: bytes | None) -> dict[str, np.ndarray]:
    if content is None:
        content = read_content(path, "landmarks", MOST_BYTES)
    try:
        with zipfile.ZipFile(BytesIO(content)) as file:
            size = sum(member.file_size for member in file.infolist())
        if size > MOST_BYTES:
            raise DataError(f"{path}: holds {size:,} bytes; landmarks of at most {MOST_BYTES:,} were expected")
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in KINDS if name in arrays or name != "valid"}
    except KeyError as error:
        raise DataError(f"{path}: {error.args[0]}; arrays called ids and landmarks were expected") from error
    except DataError:
        raise
    except Exception as error:  # NumPy raises whatever zip files and headers do
        raise DataError(f"{path}: cannot be read as an .npz file ({error})") from error
    for name, array in found.items():
        kinds, expected = KINDS[name]
        if array.dtype.kind not in kinds:
            raise DataError(f"{path}: {name} is of the type {array.dtype}; {expected} were expected")
    return found


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


def check_plausible(points: Points, size: tuple[int, int], who: str) -> None:
    """Raise DataError, beginning with `who`, where `flaw_of_points` finds a flaw."""
    flaw = flaw_of_points(points, size)
    if flaw:
        raise DataError(f"{who}: {flaw}")


def flaw_of_points(points: Points, size: tuple[int, int]) -> str | None:
    """Return why no face in an image of `size` (height, width) has these finite landmarks, or None if one may.

    Refused are valid landmarks that all lie outside of the image, one that lies further outside than the image is
    large, all in one place, and, where most are valid, all on one line.
    """
    landmarks, valid = points
    seen = landmarks[valid].astype(np.float64)
    if not len(seen):
        return None
    height, width = size
    end = np.array([width, height])
    image = f"the image of {height} x {width}"
    far = valid & ((landmarks < -end) | (landmarks > 2 * end)).any(-1)
    if far.any():
        index = int(np.argmax(far))
        x, y = landmarks[index]
        return f"landmark {index} is at x = {x:g}, y = {y:g}, far outside of {image}"
    if not ((seen > -1) & (seen < end)).all(-1).any():
        return f"all {len(seen)} valid landmarks lie outside of {image}"
    along, across = np.linalg.svd(seen - seen.mean(0), compute_uv=False)[:2] if len(seen) > 1 else (1.0, 1.0)
    if along < len(seen) ** 0.5 / 2:  # half a pixel from their middle, in the quadratic mean
        return f"all {len(seen)} valid landmarks lie in one place"
    if len(seen) > len(valid) / 2 and across < along / 50:
        return f"all {len(seen)} valid landmarks lie on one line"
    return None


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
