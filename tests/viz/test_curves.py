from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from priorsr.viz.curves import ACROSS, Panel, _draw, draw_curves, smoothed

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
