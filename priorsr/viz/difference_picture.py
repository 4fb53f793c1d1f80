"""Draw the per-face differences of two models as one picture: their distribution, and the faces with the largest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from priorsr.files import atomic_path
from priorsr.viz.curves import GREY, STYLE
from priorsr.viz.intervals import COLOUR_OF, INK

_FACE, _SPREAD = 1.15, 3.4  # inches


@dataclass(frozen=True)
class DifferenceSpread:
    """Per-face differences, their mean and its interval; `better_high`: whether positive differences are better."""

    values: Sequence[float]
    mean: float
    interval: tuple[float, float] | None
    better_high: bool


@dataclass(frozen=True)
class FaceRow:
    """A face in several versions: caption -> pixels (h,w,3), uint8. note: text on its difference."""

    note: str
    images: Mapping[str, np.ndarray]


def draw_differences(
    spread: DifferenceSpread,
    groups: Mapping[str, Sequence[FaceRow]],
    path: Path,
    *,
    title: str,
    axis: str,
    note: str = "",
) -> None:
    """Draw the distribution on the left and groups of faces under headings on the right, and write a PNG atomically.

    Infinite differences are counted, but not drawn. axis: label of the differences' axis.
    """
    import matplotlib

    rows = sum(map(len, groups.values()))
    columns = max((len(face.images) for faces in groups.values() for face in faces), default=0)
    height = max(3.4, _FACE * rows + 0.35 * len(groups)) + 1.0
    widths = [4.4, _FACE * columns + 0.9] if rows else [6.0]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(sum(widths), height), dpi=130)
        figure.set_layout_engine("constrained")
        figure.suptitle(fill(title, int(11 * sum(widths))), x=0.01, ha="left", weight="bold", fontsize=10)
        if note:
            figure.supxlabel(fill(note, int(17 * sum(widths))), x=0.01, ha="left", fontsize=7, color=GREY)
        left, *right = figure.subfigures(1, len(widths), width_ratios=widths, squeeze=False)[0]
        below = max(height - 1 - _SPREAD, 0.01)  # a taller spread shows no more
        axes, empty = left.subplots(2, 1, gridspec_kw={"height_ratios": [_SPREAD, below]})
        empty.set_axis_off()
        _draw_spread(axes, spread, axis)
        if right:
            parts = right[0].subfigures(len(groups), 1, height_ratios=[len(g) for g in groups.values()], squeeze=False)
            for part, (heading, faces) in zip(parts[:, 0], groups.items(), strict=True):
                part.suptitle(heading, x=0.02, ha="left", fontsize=9)
                grid = part.subplots(len(faces), columns, squeeze=False)
                for line, face in zip(grid, faces, strict=True):
                    _draw_faces(line, face, captions=face is faces[0])
        with atomic_path(path) as beside:
            figure.savefig(beside, format="png")


def _draw_spread(axes: Axes, spread: DifferenceSpread, axis: str) -> None:
    values = np.array([value for value in spread.values if np.isfinite(value)])
    if len(values):
        edges = np.histogram_bin_edges(values, bins=min(40, max(8, len(values) // 4)))
        gains = values if spread.better_high else -values
        for part, colour in ((gains > 0, COLOUR_OF["better"]), (gains < 0, COLOUR_OF["worse"]), (gains == 0, GREY)):
            axes.hist(values[part], bins=list(edges), color=colour, alpha=0.55)
        axes.plot(values, np.full(len(values), 0.02), "|", color=INK, alpha=0.5, transform=axes.get_xaxis_transform())
    axes.axvline(0, color=GREY, linestyle="--", linewidth=1)
    if np.isfinite(spread.mean):
        axes.axvline(spread.mean, color=INK, linewidth=1.6)
    if spread.interval:
        axes.axvspan(*spread.interval, color=INK, alpha=0.15, linewidth=0)
    infinite = len(spread.values) - len(values)
    axes.set_xlabel(f"{axis}\n{infinite} infinite, left out" if infinite else axis)
    axes.set_ylabel("faces")
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.margins(x=0.03)


def _draw_faces(line: Sequence[Axes], face: FaceRow, *, captions: bool) -> None:
    for axes in line:
        axes.set_axis_off()
    for axes, (caption, pixels) in zip(line, face.images.items(), strict=False):
        axes.imshow(pixels, interpolation="nearest")
        if captions:
            axes.set_title(fill(caption, 16), fontsize=7)
    line[0].text(-0.08, 0.5, face.note, rotation=90, va="center", ha="right", fontsize=7, transform=line[0].transAxes)
