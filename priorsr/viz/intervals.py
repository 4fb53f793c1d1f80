"""Draw means with 95 % intervals and their data points, in rows and columns, as one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from priorsr.files import atomic_path
from priorsr.viz.curves import COLOURS, GREY, STYLE

INK = "#1a1a1a"
COLOUR_OF = {"better": COLOURS[2], "worse": COLOURS[1]}  # green and vermilion, which the colour-blind tell apart


@dataclass(frozen=True)
class Mark:
    """One row in one column. interval: low and high. points: the values behind the mean, such as those of seeds.

    verdict: see `COLOUR_OF`; other verdicts, or none, are drawn in the colour of text.
    """

    mean: float
    interval: tuple[float, float] | None = None
    points: Sequence[float] = ()
    verdict: str = ""


@dataclass(frozen=True)
class Column:
    """A quantity: a mark for each row, or None where it has none. levels: label -> a value, drawn as a dashed line."""

    title: str
    marks: Sequence[Mark | None]
    levels: Mapping[str, float] = field(default_factory=dict)


def draw_intervals(labels: Sequence[str], columns: Sequence[Column], path: Path, *, title: str, note: str = "") -> None:
    """Draw rows under a title, the first on top, with a note below, and write a PNG atomically.

    Values that are not finite are left out.
    """
    import matplotlib

    with matplotlib.rc_context({**STYLE, "axes.spines.left": False}):
        width = 1.5 + 0.055 * max(map(len, labels)) + 3.4 * len(columns)
        figure = Figure(figsize=(width, 1.6 + 0.26 * len(labels)), dpi=150)
        figure.set_layout_engine("constrained")
        figure.suptitle(fill(title, int(11 * width)), x=0.01, ha="left", weight="bold", fontsize=10)
        if note:
            figure.supxlabel(fill(note, int(19 * width)), x=0.01, ha="left", fontsize=7, color=GREY)
        grid = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
        for axes, column in zip(grid, columns, strict=True):
            _draw(axes, column)
            axes.set_yticks(range(len(labels)), labels)
            axes.tick_params(axis="y", length=0)
            axes.set_ylim(len(labels) - 0.1, -0.5)  # room for the labels of levels
            axes.grid(axis="y", visible=False)
        with atomic_path(path) as beside:
            figure.savefig(beside, format="png")


def _draw(axes: Axes, column: Column) -> None:
    axes.set_title(column.title, fontsize=9)
    for row, mark in enumerate(column.marks):
        if mark is None or not isfinite(mark.mean):
            continue
        colour = COLOUR_OF.get(mark.verdict, INK)
        if mark.interval is not None:
            axes.plot(mark.interval, (row, row), color=colour, linewidth=1.6, alpha=0.55, solid_capstyle="butt")
        axes.plot([mark.mean], [row], "|", markersize=11, markeredgewidth=2, color=colour)
        points = [point for point in mark.points if isfinite(point)]
        axes.plot(points, [row] * len(points), "o", markersize=4.5, color=colour, markerfacecolor="white")
    levels = sorted((level, label) for label, level in column.levels.items() if isfinite(level))
    for place, (level, label) in enumerate(levels):
        axes.axvline(level, color=GREY, linestyle="--", linewidth=1, zorder=0)
        left = place == 0 and len(levels) > 1
        axes.annotate(
            label,
            (level, 0),
            (-3 if left else 3, 3),
            ("data", "axes fraction"),
            "offset points",
            ha="right" if left else "left",
            fontsize=7,
            color=GREY,
        )
    axes.xaxis.set_major_locator(MaxNLocator(6))
