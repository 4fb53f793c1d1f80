"""Turn a run's panels into lines that a page draws itself, small for a run of any length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from priorsr.viz.axis import Axis
from priorsr.viz.panels import Panel, smoothed

MOST_POINTS = 300


@dataclass(frozen=True)
class Stroke:
    """A line. points: of an SVG polyline in a square of 100 by 100; faint: the values under a smoothed line.

    dots: places of single values, if there are few. last: the last value.
    """

    label: str
    points: str
    faint: str
    dots: tuple[tuple[float, float], ...]
    last: float


@dataclass(frozen=True)
class Chart:
    """A panel of a page. x_ticks, y_ticks: place -> value. levels: label -> (place, value) of a dashed line."""

    title: str
    strokes: tuple[Stroke, ...]
    levels: dict[str, tuple[float, float]]
    x_ticks: dict[float, float]
    y_ticks: dict[float, float]


def chart(panel: Panel) -> Chart:
    """Return the chart of a panel; infinite values lie at its edge."""
    steps = [step for x, _ in panel.lines.values() for step in x]
    values = [value for _, y in panel.lines.values() for value in y]
    across = Axis.over([0, *steps])
    upwards = Axis.over([*values, *panel.levels.values()], log=panel.logarithmic)

    def points(x: Sequence[float], y: Sequence[float]) -> str:
        return " ".join(f"{across.place(a)},{round(100 - upwards.place(b), 2)}" for a, b in zip(x, y, strict=True))

    strokes = []
    for label, (x, y) in panel.lines.items():
        smooth = smoothed(y) if panel.noisy else y
        strokes.append(
            Stroke(
                label=label,
                points=points(*_thinned(x, smooth)),
                faint=points(*_extremes(x, y)) if smooth is not y else "",
                dots=tuple((across.place(a), upwards.place(b)) for a, b in zip(x, y, strict=True))
                if len(x) <= 20
                else (),
                last=y[-1],
            )
        )
    return Chart(
        title=panel.title,
        strokes=tuple(strokes),
        levels={label: (upwards.place(level), level) for label, level in panel.levels.items()},
        x_ticks={across.place(tick): tick for tick in across.ticks()},
        y_ticks={upwards.place(tick): tick for tick in upwards.ticks()} if panel.finite else {},
    )


def _thinned(x: Sequence[float], y: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    """Return every n-th point, and the last."""
    every = math.ceil(len(x) / MOST_POINTS)
    places = sorted({*range(0, len(x), every), len(x) - 1})
    return [x[place] for place in places], [y[place] for place in places]


def _extremes(x: Sequence[float], y: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    """Return the least and the greatest of every n values, so that no outlier is lost."""
    every = math.ceil(2 * len(x) / MOST_POINTS)
    places: set[int] = set()
    for start in range(0, len(x), every):
        near = range(start, min(start + every, len(x)))
        places |= {min(near, key=y.__getitem__), max(near, key=y.__getitem__)}
    return [x[place] for place in sorted(places)], [y[place] for place in sorted(places)]
