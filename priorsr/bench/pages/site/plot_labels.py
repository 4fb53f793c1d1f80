"""Placing the names of a plot's points, so that none covers another name or a point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

NEAR_THE_END = 60.0  # from here on a name stands at its point's left, if nothing speaks against it
_LETTER, _LINE = 0.75, 5.0  # hundredths of a plot of 900 x 384 pixels
_GAP, _DOT = 1.4, (0.7, 1.5)  # between a point and its name; a point's half size


class _Box(NamedTuple):
    left: float
    right: float
    low: float
    high: float

    def is_free(self, others: Iterable[_Box]) -> bool:
        """Return whether the box lies inside the plot and meets none of the others."""
        meets = (
            self.left < other.right and other.left < self.right and self.low < other.high and other.low < self.high
            for other in others
        )
        return self.left >= 0 and self.right <= 100 and not any(meets)


def free_sides(points: Sequence[tuple[float, float, str]]) -> list[Literal["right", "left"] | None]:
    """Return the side of each point (x, y, name) where its name has room.

    None if it has no room. Earlier points choose first.

    x, y: in hundredths of the plot's width and height. Near the plot's end the left side is tried first.
    """
    taken = [_Box(x - _DOT[0], x + _DOT[0], y - _DOT[1], y + _DOT[1]) for x, y, _ in points]
    found: list[Literal["right", "left"] | None] = []
    for x, y, name in points:
        width, low, high = _LETTER * len(name), y - _LINE / 2, y + _LINE / 2
        boxes: dict[Literal["right", "left"], _Box] = {
            "right": _Box(x + _GAP, x + _GAP + width, low, high),
            "left": _Box(x - _GAP - width, x - _GAP, low, high),
        }
        order = sorted(boxes, reverse=x <= NEAR_THE_END)
        side = next((side for side in order if boxes[side].is_free(taken)), None)
        found.append(side)
        if side:
            taken.append(boxes[side])
    return found
