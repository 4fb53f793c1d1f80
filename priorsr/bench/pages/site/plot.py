"""Positions in the page's plots, in hundredths of their width and height, for the templates."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from priorsr.bench.board.leaderboard import Leaderboard
from priorsr.bench.board.rows import Row
from priorsr.bench.pages.site.plot_labels import NEAR_THE_END, free_sides
from priorsr.bench.store.run_facts import Environment
from priorsr.viz.axis import Axis


@dataclass(frozen=True)
class Bar:
    """Positions on an axis from 0 to 100: an interval, the mean in it, and the baseline's zero."""

    low: float
    mean: float
    high: float
    zero: float


def difference_bars(rows: Iterable[Row], score: str) -> dict[int, Bar]:
    """Return a bar on one axis for each row whose difference to the baseline has an interval, by the row's place."""
    spans = {}
    for place, row in enumerate(rows):
        found = row.scores.get(score)
        if found and found.difference and found.difference.interval95:
            spans[place] = (found.difference.interval95, found.difference.mean)
    if not spans:
        return {}
    axis = Axis.over([0.0, *(end for (ends, _) in spans.values() for end in ends)])
    return {
        row: Bar(axis.place(low), axis.place(mean), axis.place(high), axis.place(0.0))
        for row, ((low, high), mean) in spans.items()
    }


@dataclass(frozen=True)
class Point:
    """A row in the plot of speed against quality. front: no other row is as fast and as good, and better in one.

    left: its name stands at its left. named: its name is shown without a click: those with room, and all of the front.
    """

    row: Row
    x: float
    y: float
    low: float
    high: float
    front: bool
    left: bool
    named: bool


@dataclass(frozen=True)
class Plot:
    """Speed against quality in one environment: latency of one image in ms from the left, the first score upwards.

    x_ticks, y_ticks: position -> value. Better scores are higher up, also if low values are better.
    """

    environment: Environment
    points: tuple[Point, ...]
    x_ticks: dict[float, float]
    y_ticks: dict[float, float]


def speed_plots(board: Leaderboard) -> list[Plot]:
    """Return a plot for each environment in which two ranked rows were run; latencies of two are never in one."""
    found = []
    for environment in board.environments:
        rows = [
            row
            for row in board.ranked
            if row.record.environment == environment and board.scores[0] in row.scores and latency(row) is not None
        ]
        if sum(math.isfinite(row.scores[board.scores[0]].value) for row in rows) > 1:
            found.append(_plot(environment, rows, board.scores[0]))
    return found


def _plot(environment: Environment, rows: list[Row], score: str) -> Plot:
    times = [time for row in rows if (time := latency(row)) is not None]
    found = [row.scores[score] for row in rows]
    spans = [item.interval95 or (item.value, item.value) for item in found]
    across = Axis.over(times, log=True)
    upwards = Axis.over([item.value for item in found] + [end for span in spans for end in span])
    rising = found[0].higher_is_better

    def height(value: float) -> float:
        return upwards.place(value) if rising else round(100 - upwards.place(value), 2)

    gains = [item.value if rising else -item.value for item in found]
    marks = []
    for row, time, item, span, gain in zip(rows, times, found, spans, gains, strict=True):
        low, high = sorted(map(height, span))
        beaten = any(t <= time and g >= gain and (t, g) != (time, gain) for t, g in zip(times, gains, strict=True))
        marks.append((not beaten, across.place(time), height(item.value), low, high, row))
    marks.sort(key=lambda mark: (not mark[0], mark[1]))  # those of the front choose first where their names stand
    sides = free_sides([(x, y, row.label) for _, x, y, _, _, row in marks])
    points = [
        Point(
            *(row, x, y, low, high, front),
            left=x > NEAR_THE_END if side is None else side == "left",
            named=front or side is not None,
        )
        for (front, x, y, low, high, row), side in zip(marks, sides, strict=True)
    ]
    return Plot(
        environment=environment,
        points=tuple(points),
        x_ticks={across.place(tick): tick for tick in across.ticks()},
        y_ticks={height(tick): tick for tick in upwards.ticks()},
    )


def latency(row: Row) -> float | None:
    """Return a row's latency for one image in ms, or for the smallest batch there is; None where none was measured."""
    cost = row.record.cost
    if cost is None or not cost.latency:
        return None
    return min(cost.latency, key=lambda found: found.batch).milliseconds
