from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from priorsr.viz.curves import ACROSS, _draw, draw_curves
from priorsr.viz.panels import Panel, smoothed

STEPS = list(range(10, 1010, 10))


def axes_of(panel: Panel) -> object:
    axes = Figure().add_subplot()
    _draw(axes, panel)
    return axes


def test_rows_of_panels_become_one_picture(tmp_path: Path) -> None:
    panel = Panel("loss", {"l1": (STEPS, [1 / step for step in STEPS])}, noisy=True)
    one, many = tmp_path / "one.png", tmp_path / "many.png"
    draw_curves({"teacher": [panel]}, one)
    draw_curves({"teacher": [panel], "student": [panel] * (ACROSS + 1)}, many)
    with Image.open(one) as small, Image.open(many) as large:
        assert large.size[0] > 3 * small.size[0]
        assert large.size[1] > 2.5 * small.size[1]
        assert np.asarray(large.convert("L")).min() < 50
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many.png", "one.png"]


def test_levels_are_lines_to_compare_with() -> None:
    axes = axes_of(Panel("PSNR", {"SR": ([1, 2], [22.0, 23.0])}, {"bicubic": 22.5}))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["SR", "bicubic"]
    assert list(axes.get_lines()[-1].get_ydata()) == [22.5, 22.5]


@pytest.mark.parametrize(("values", "scale"), [([1.0, 0.01], "log"), ([1.0, 0.9], "linear"), ([1.0, -0.01], "linear")])
def test_the_axis_is_logarithmic_where_values_span_much(values: list[float], scale: str) -> None:
    assert axes_of(Panel("loss", {"l1": ([1, 2], values)}, noisy=True)).get_yscale() == scale


def test_smoothing_keeps_the_level_and_lowers_the_noise() -> None:
    noise = np.random.default_rng(0).normal(5, 1, 1000).tolist()
    smooth = smoothed(noise)
    assert len(smooth) == len(noise)
    assert np.mean(smooth) == pytest.approx(np.mean(noise), abs=0.05)
    assert np.std(smooth) < 0.4 * np.std(noise)
    assert smoothed([1.0, 2.0]) == [1.0, 2.0]


def test_what_is_infinite_is_marked_at_the_edge_of_its_panel() -> None:
    axes = axes_of(Panel("PSNR", {"SR": ([1, 2, 3, 4], [22.0, math.inf, -math.inf, 23.0])}, {"bicubic": math.inf}))
    _, marks, _ = axes.get_lines()
    assert marks.get_xydata().tolist() == [[2.0, 1.0], [3.0, 0.0]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["SR", "bicubic: ∞"]
    low, high = axes.get_ylim()
    assert 21 < low < 22
    assert 23 < high < 24


def test_a_panel_of_nothing_finite_has_no_ticks(tmp_path: Path) -> None:
    panel = Panel("PSNR", {"SR": ([1, 2], [math.inf, math.inf])}, {"bicubic": math.inf}, noisy=True)
    assert list(axes_of(panel).get_yticks()) == []
    draw_curves({"net": [panel]}, tmp_path / "curves.png")


def test_smoothing_leaves_infinity_where_it_is() -> None:
    values = [1.0] * 100
    values[50] = math.inf
    smooth = smoothed(values)
    assert [index for index, value in enumerate(smooth) if math.isinf(value)] == [50]
    assert {value for value in smooth if math.isfinite(value)} == {1.0}
