"""Where the differences to the baseline lie on one axis, for the small plot in each row."""

from __future__ import annotations

from dataclasses import dataclass

from priorsr.bench.leaderboard import Leaderboard


@dataclass(frozen=True)
class Bar:
    """Positions on an axis from 0 to 100: an interval, the mean in it, and the baseline's zero."""

    low: float
    mean: float
    high: float
    zero: float


def difference_bars(board: Leaderboard) -> dict[str, Bar]:
    """A bar for each record id whose difference to the baseline, in the first score, has an interval."""
    spans = {
        row.record.id: (difference.interval95[0], difference.mean, difference.interval95[1])
        for row in board.rows
        if (difference := row.differences.get(board.scores[0])) and difference.interval95
    }
    ends = [0.0, *(end for span in spans.values() for end in span)]
    low, width = min(ends), (max(ends) - min(ends)) or 1.0

    def place(value: float) -> float:
        return round(4 + 92 * (value - low) / width, 2)

    return {
        record: Bar(place(start), place(mean), place(end), zero=place(0.0))
        for record, (start, mean, end) in spans.items()
    }
