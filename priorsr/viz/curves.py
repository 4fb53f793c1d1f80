"""Draw curves of quantities over the steps of a run, one panel each, as one picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from priorsr.files import atomic_path
from priorsr.infinity import fixed
from priorsr.viz.panels import Panel, smoothed

COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
)  # Okabe and Ito's, safe for the colour-blind
GREY = "#6b6b6b"
ACROSS = 4
STYLE: Any = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "text.parse_math": False,  # names may have $
}


def draw_curves(rows: Mapping[str, Sequence[Panel]], path: Path) -> None:
    """Draw rows of panels under headings, such as a run's stages, and write a PNG atomically.

    Infinite values are drawn as ∞ at the panel's edge.
    """
    import matplotlib

    heights = {heading: -(-len(panels) // ACROSS) for heading, panels in rows.items()}
    across = min(ACROSS, max(len(panels) for panels in rows.values()))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.0 * across, sum(2.1 * lines + 0.35 for lines in heights.values())), dpi=150)
        figure.set_layout_engine("constrained")
        parts = figure.subfigures(len(rows), 1, height_ratios=list(heights.values()), squeeze=False)[:, 0]
        for part, (heading, panels) in zip(parts, rows.items(), strict=True):
            part.suptitle(heading, x=0.01, ha="left", weight="bold", fontsize=10)
            grid = part.subplots(heights[heading], across, squeeze=False).flat
            for axes, panel in zip(grid, panels, strict=False):
                _draw(axes, panel)
            for axes in list(part.axes)[len(panels) :]:
                axes.set_axis_off()
        with atomic_path(path) as beside:
            figure.savefig(beside, format="png")


def _draw(axes: Axes, panel: Panel) -> None:
    axes.set_title(panel.title, fontsize=9)
    for colour, (label, (x, y)) in zip(COLOURS * len(panel.lines), panel.lines.items(), strict=False):
        smooth = smoothed(y) if panel.noisy else y
        if smooth != y:
            axes.plot(x, y, color=colour, alpha=0.25, linewidth=0.8)
        axes.plot(x, smooth, color=colour, label=label, marker="o" if len(x) <= 40 else "", markersize=3)
        _mark_infinite(axes, x, y, colour)
    for label, level in panel.levels.items():
        if math.isfinite(level):
            axes.axhline(level, color=GREY, linestyle="--", linewidth=1, label=label)
        else:
            axes.plot([], [], color=GREY, linestyle="--", linewidth=1, label=f"{label}: {fixed(level, 0)}")
    if not panel.finite:
        axes.set_yticks([])
    elif panel.logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    else:
        axes.ticklabel_format(axis="y", scilimits=(-2, 5))
    if len(panel.lines) + len(panel.levels) > 1:
        axes.legend(frameon=False, fontsize=7)
    axes.set_xlabel("step")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _mark_infinite(axes: Axes, x: Sequence[float], y: Sequence[float], colour: str) -> None:
    """Draw a ∞ at the upper edge for each infinite value, at the lower edge for a negative one."""
    infinite = [(step, value > 0) for step, value in zip(x, y, strict=True) if math.isinf(value)]
    if infinite:
        steps, heights = zip(*infinite, strict=True)
        edge = axes.get_xaxis_transform()
        (marks,) = axes.plot(steps, heights, color=colour, marker=r"$\infty$", linestyle="", transform=edge)
        marks.set(clip_on=False, in_layout=False)
