"""Draw the scores of the same images under several ways of scoring, one band for each model, as one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from math import isfinite
from pathlib import Path
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from priorsr.files import atomic_path
from priorsr.viz.curves import COLOURS, GREY, STYLE
from priorsr.viz.intervals import INK

MARKERS = "osD^vPX"  # one more than the colours, so that colour and marker repeat together only after 42 ways


@dataclass(frozen=True)
class Scale:
    """A quantity: way of scoring -> one value for each row, in order. digits: decimals of a row's printed spread."""

    title: str
    values: Mapping[str, Sequence[float]]
    digits: int


def draw_spread(labels: Sequence[str], scales: Sequence[Scale], path: Path, *, title: str, note: str = "") -> None:
    """Draw rows of marks, the first on top, one mark for each way of scoring, and write a PNG atomically.

    A way has the same mark in every scale, and its own line within a row, so that no mark hides another. A grey line
    spans the lowest to the highest value. Values that are not finite are left out.
    """
    import matplotlib

    ways = list(dict.fromkeys(way for scale in scales for way in scale.values))
    styles = dict(zip(ways, zip(cycle(COLOURS), cycle(MARKERS), strict=False), strict=False))
    width = 1.2 + 0.055 * max(map(len, labels)) + 4.0 * len(scales)
    with matplotlib.rc_context({**STYLE, "axes.spines.left": False}):
        figure = Figure(figsize=(width, 1.5 + 0.13 * (len(ways) + 2) * len(labels)), dpi=150)
        figure.set_layout_engine("constrained")
        figure.suptitle(fill(title, int(11 * width)), x=0.01, ha="left", weight="bold", fontsize=10)
        if note:
            figure.supxlabel(fill(note, int(19 * width)), x=0.01, ha="left", fontsize=7, color=GREY)
        grid = figure.subplots(1, len(scales), sharey=True, squeeze=False)[0]
        for axes, scale in zip(grid, scales, strict=True):
            _draw(axes, scale, ways, styles)
            axes.set_yticks(range(len(labels)), labels)
            axes.tick_params(axis="y", length=0)
            axes.set_ylim(len(labels) - 0.45, -0.55)
            axes.grid(axis="y", visible=False)
        handles = [
            matplotlib.lines.Line2D([], [], color=colour, marker=marker, linestyle="", markersize=5, label=way)
            for way, (colour, marker) in styles.items()
        ]
        figure.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=7)
        with atomic_path(path) as beside:
            figure.savefig(beside, format="png")


def _draw(axes: Axes, scale: Scale, ways: Sequence[str], styles: Mapping[str, tuple[str, str]]) -> None:
    axes.set_title(scale.title, fontsize=9)
    for row, values in enumerate(zip(*scale.values.values(), strict=True)):
        there = [value for value in values if isfinite(value)]
        if not there:
            continue
        low, high = min(there), max(there)
        axes.plot((low, high), (row - 0.42, row - 0.42), color=GREY, linewidth=1, marker="|", markersize=5)
        axes.annotate(
            f"{high - low:.{scale.digits}f}", (high, row - 0.42), (4, 0), textcoords="offset points", va="center",
            fontsize=7, color=INK,
        )  # fmt: skip
        for way, value in zip(scale.values, values, strict=True):
            colour, marker = styles[way]
            place = row - 0.3 + 0.7 * ways.index(way) / len(ways)
            axes.plot(
                [value] if isfinite(value) else [],
                [place] if isfinite(value) else [],
                marker,
                color=colour,
                markersize=4.5,
            )
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.margins(x=0.12)
