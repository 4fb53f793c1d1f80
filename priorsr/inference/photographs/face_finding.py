"""Find the faces of photographs by dlib, or read them from a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, RootModel, field_validator

from priorsr.errors import DataError, MissingExtraError
from priorsr.reading.json_files import read_facts

PLUGIN = "priorsr_dlib"
SMALLEST = 24  # pixels wide
POINTS = (68, 5)
_Number = Annotated[float, Field(allow_inf_nan=False, ge=-(2**20), le=2**20)]
_Length = Annotated[float, Field(allow_inf_nan=False, gt=0, le=2**20)]


class PhotographFace(NamedTuple):
    """A face in a photograph, in pixels of the upright photograph.

    box: left and top edge, width and height, where the photograph reaches from 0 to its width; from the brows to the
    chin, as dlib draws it. points: (68,2), `ibug-68`, or (5,2), the eyes, the nose's tip and the mouth's corners, from
    left to right as one sees them, an integer is a pixel's centre; None where only the box is known.
    """

    box: tuple[float, float, float, float]
    points: np.ndarray | None = None


FindFaces = Callable[[np.ndarray], list[PhotographFace]]
"""Finds the faces of a photograph (H,W,3) uint8, RGB."""


def dlib_finder(smallest: int = SMALLEST) -> FindFaces:
    """Return a finder of faces from `smallest` pixels on, with their 68 points, by the plugin priorsr-dlib.

    Raises MissingExtraError without the plugin.
    """
    if find_spec(PLUGIN) is None:
        raise MissingExtraError(
            "finding faces in photographs needs the package priorsr-dlib: install it with pip install "
            "'priorsr[landmarks]', or give the faces' boxes (--boxes)"
        )
    dlib = import_module(PLUGIN)
    detector = dlib.FaceDetector(smallest)

    def find(image: np.ndarray) -> list[PhotographFace]:
        boxes = [tuple(face[:4]) for face in detector.detect(image)]
        points = dlib.find_landmarks(image, boxes)
        return [PhotographFace(box, own.astype(float)) for box, own in zip(boxes, points, strict=True)]

    return find


class _Given(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    box: tuple[_Number, _Number, _Length, _Length]
    points: list[tuple[_Number, _Number]] | None = None

    @field_validator("points")
    @classmethod
    def _as_many(cls, points: Sequence[object] | None) -> Sequence[object] | None:
        if points is not None and len(points) not in POINTS:
            raise ValueError(f"{len(points)} points; {' or '.join(map(str, POINTS))} were expected")
        return points

    def face(self) -> PhotographFace:
        return PhotographFace(self.box, None if self.points is None else np.array(self.points, dtype=float))


class _Boxes(RootModel[dict[str, list[_Given]]]):
    pass


def read_boxes(path: Path, names: Sequence[str]) -> dict[str, list[PhotographFace]]:
    """Read the faces of photographs from a JSON file: {"a.jpg": [{"box": [x, y, w, h], "points": [[x, y], ...]}]}.

    names: the photographs' paths below what was given, each of which the file must know, by that path or by its last
    part. Return the faces of each. Raises DataError naming the file, the field and what was expected.
    """
    given: Mapping[str, list[_Given]] = read_facts(path, _Boxes, "the file").root
    found = {}
    for name in names:
        key = name if name in given else name.rpartition("/")[2]
        if key not in given:
            raise DataError(
                f"{path}: has no entry for {name!r}; a list of faces, empty if there are none, was expected"
            )
        found[name] = [face.face() for face in given[key]]
    return found
