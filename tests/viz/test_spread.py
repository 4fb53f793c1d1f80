from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from priorsr.viz.spread_picture import COLOURS, MARKERS, Scale, _draw, draw_spread

STYLES = {"a@1": ("#000000", "o"), "b@1": ("#ff0000", "s")}


def axes_of(values: dict[str, list[float]]):
    axes = Figure().add_subplot()
    _draw(axes, Scale("PSNR / dB", values, 2), list(STYLES), STYLES)
    return axes


def test_a_row_has_its_span_and_a_mark_a_way() -> None:
    span, first, second = axes_of({"a@1": [24.0], "b@1": [22.5]}).get_lines()
    assert list(span.get_xdata()) == [22.5, 24.0]
    assert (list(first.get_xdata()), first.get_marker()) == ([24.0], "o")
    assert (list(second.get_xdata()), second.get_marker()) == ([22.5], "s")
    assert len({span.get_ydata()[0], first.get_ydata()[0], second.get_ydata()[0]}) == 3  # none hides another
    assert [text.get_text() for text in axes_of({"a@1": [24.0], "b@1": [22.5]}).texts] == ["1.50"]


def test_what_is_not_finite_is_left_out() -> None:
    lines = axes_of({"a@1": [math.inf, math.inf], "b@1": [20.0, math.nan]}).get_lines()
    assert [list(line.get_xdata()) for line in lines] == [[20.0, 20.0], [], [20.0]]


def test_many_ways_look_different() -> None:
    looks = {(way % len(COLOURS), way % len(MARKERS)) for way in range(len(COLOURS) * len(MARKERS))}
    assert len(looks) == len(COLOURS) * len(MARKERS)


def test_the_picture_grows_with_its_rows(tmp_path: Path) -> None:
    for name, rows in (("one", 1), ("five", 5)):
        scales = [Scale("PSNR / dB", {"$a@1": [20.0] * rows, "b@1": [21.0] * rows}, 2)]
        draw_spread(["$^{"] * rows, scales, tmp_path / f"{name}.png", title="$T^{", note="a note")
    with Image.open(tmp_path / "one.png") as one, Image.open(tmp_path / "five.png") as five:
        assert five.size[1] > one.size[1] + 100
        assert np.asarray(one.convert("L")).min() < 80
    assert sorted(path.name for path in tmp_path.iterdir()) == ["five.png", "one.png"]
