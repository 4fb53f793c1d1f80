from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from priorsr.viz.intervals import COLOUR_OF, INK, Column, Mark, _draw, draw_intervals


def axes_of(column: Column):
    axes = Figure().add_subplot()
    _draw(axes, column)
    return axes


def test_rows_become_one_picture_that_grows_with_them(tmp_path: Path) -> None:
    mark = Mark(1.0, (0.5, 1.5), [0.9, 1.1], "better")
    for name, rows in (("few", 2), ("many", 12)):
        column = Column("score", [mark] * rows, {"base": 1.0})
        draw_intervals(["a row"] * rows, [column, column], tmp_path / f"{name}.png", title="Title", note="a note")
    with Image.open(tmp_path / "few.png") as few, Image.open(tmp_path / "many.png") as many:
        assert few.size[0] == many.size[0]
        assert many.size[1] > few.size[1] + 300
        assert np.asarray(few.convert("L")).min() < 80
    assert sorted(path.name for path in tmp_path.iterdir()) == ["few.png", "many.png"]


def test_names_are_no_formulas_and_long_ones_are_broken(tmp_path: Path) -> None:
    column = Column("$^", [Mark(1.0)])
    draw_intervals(["$x$^_{"], [column], tmp_path / "long.png", title="$a$^{ " * 40, note="$b$^{ " * 40)
    with Image.open(tmp_path / "long.png") as image:
        first_line = np.asarray(image.convert("L"))[:30]
    assert first_line.min() < 80
    assert first_line[:, -8:].min() == 255


def test_a_row_has_its_interval_mean_and_points() -> None:
    interval, mean, points = axes_of(Column("score", [None, Mark(2.0, (1.0, 4.0), [1.5, 2.5])])).get_lines()
    assert list(interval.get_xdata()) == [1.0, 4.0]
    assert list(mean.get_xdata()) == [2.0]
    assert list(points.get_xdata()) == [1.5, 2.5]
    assert {y for line in (interval, mean, points) for y in line.get_ydata()} == {1}


def test_the_colour_tells_the_verdict() -> None:
    verdicts = ("better", "worse", "not distinguishable", "")
    lines = axes_of(Column("score", [Mark(1.0, (0.0, 2.0), verdict=verdict) for verdict in verdicts])).get_lines()
    expected = [COLOUR_OF["better"], COLOUR_OF["worse"], INK, INK]
    assert [to_hex(line.get_color()) for line in lines[::3]] == expected


def test_what_is_not_finite_is_left_out() -> None:
    axes = axes_of(Column("score", [Mark(math.inf), Mark(1.0, points=[math.inf, 2.0])], {"bicubic": math.inf}))
    assert len(axes.get_lines()) == 2
    assert list(axes.get_lines()[1].get_xdata()) == [2.0]


def test_levels_are_labelled_apart() -> None:
    axes = axes_of(Column("score", [Mark(1.0)], {"bicubic": 1.01, "base": 1.0}))
    assert [(text.get_text(), text.get_ha()) for text in axes.texts] == [("base", "right"), ("bicubic", "left")]
