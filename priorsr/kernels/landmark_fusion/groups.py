"""The landmarks of each of DIC's five facial components."""

from __future__ import annotations

from collections.abc import Mapping

Group = tuple[int, ...]


def _points(*spans: tuple[int, int]) -> Group:
    return tuple(point for first, last in spans for point in range(first, last + 1))


LANDMARK_GROUPS: Mapping[int, Mapping[str, Group]] = {
    68: {
        "left eye": _points((36, 41)),
        "right eye": _points((42, 47)),
        "nose": _points((27, 35)),
        "mouth": _points((48, 67)),
        "outline": _points((0, 26)),
    },
    194: {
        "left eye": _points((134, 152), (174, 192)),
        "right eye": _points((114, 132), (154, 172)),
        "nose": _points((41, 56)),
        "mouth": _points((58, 112)),
        "outline": _points((0, 39)),
    },
}
"""By the number of points: iBUG's 68, Helen's 194 (each contour without its last point). Sides are the image's."""
