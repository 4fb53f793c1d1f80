"""Panels: the quantities of a run, to be drawn by matplotlib or by a web page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Panel:
    """One quantity: label -> (steps, values). levels: label -> a value to compare with, drawn as a dashed line.

    noisy: draw a smoothed curve over the values, on a logarithmic axis if their range is large.
    """

    title: str
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    levels: Mapping[str, float] = field(default_factory=dict)
    noisy: bool = False

    @property
    def logarithmic(self) -> bool:
        """Return whether the value axis is logarithmic."""
        values = [value for _, line in self.lines.values() for value in line if math.isfinite(value)]
        return self.noisy and bool(values) and min(values) > 0 and max(values) > 20 * min(values)

    @property
    def finite(self) -> bool:
        """Return whether any value or level is finite."""
        values = [*self.levels.values(), *(value for _, line in self.lines.values() for value in line)]
        return any(map(math.isfinite, values))


def smoothed(values: Sequence[float]) -> Sequence[float]:
    """Return the mean of each value's finite neighbours, up to a fiftieth of the curve to either side.

    Infinite values are returned unchanged.
    """
    reach = len(values) // 50
    if not reach:
        return values
    windows = ([v for v in values[max(0, i - reach) : i + reach + 1] if math.isfinite(v)] for i in range(len(values)))
    return [
        math.fsum(window) / len(window) if math.isfinite(value) else value
        for value, window in zip(values, windows, strict=True)
    ]
