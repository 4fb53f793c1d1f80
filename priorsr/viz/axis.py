"""Axis positions and ticks, for plots that a web page draws itself."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_MARGIN = 5.0


@dataclass(frozen=True)
class Axis:
    """Map values from low to high onto 0..100, with a margin at both ends; by their logarithm if `log`."""

    low: float
    high: float
    log: bool = False

    @classmethod
    def over(cls, values: Iterable[float], *, log: bool = False) -> Axis:
        """Return an axis that spans the finite values; from 0 to 1 without any."""
        finite = [value for value in values if math.isfinite(value)]
        if not finite:
            return cls(0.0, 1.0)
        low, high = min(finite), max(finite)
        if low == high:
            low, high = (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
        return cls(low, high, log)

    def place(self, value: float) -> float:
        """Return a value's position; values beyond an end, such as infinity, are placed at that end."""
        low, high, value = map(self._scaled, (self.low, self.high, min(max(value, self.low), self.high)))
        return round(_MARGIN + (100 - 2 * _MARGIN) * (value - low) / (high - low), 2)

    def ticks(self) -> list[float]:
        """Return round values from low to high: three to eight of them, or of 1, 2, 5 and their tenfolds, or of
        tenfolds.
        """
        if self.log:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            for digits in ((1, 2, 5), (1,)):
                found = [digit * 10.0**power for power in powers for digit in digits]
                found = [tick for tick in found if self.low <= tick <= self.high]
                if 2 <= len(found) <= 8:
                    return found
            if found[8:]:
                return found[:: math.ceil(len(found) / 8)]
        span = self.high - self.low
        power = 10.0 ** math.floor(math.log10(span / 3))
        step = next(digit * power for digit in (5, 2, 1) if span >= 3 * digit * power)
        first = math.ceil(self.low / step - 1e-9)
        return [round(tick * step, 12) for tick in range(first, math.floor(self.high / step + 1e-9) + 1)]

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log else value
