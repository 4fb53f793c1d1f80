from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from priorsr.viz.difference_picture import DifferenceSpread, FaceRow, _draw_spread, draw_differences
from priorsr.viz.intervals import COLOUR_OF, GREY


def axes_of(spread: DifferenceSpread):
    axes = Figure().add_subplot()
    _draw_spread(axes, spread, "dB")
    return axes


def counts(axes) -> dict[str, tuple[int, float]]:
    """Colour -> how many faces its bars count, and where their middle lies."""
    found = {}
    for bars in axes.containers:
        heights = [bar.get_height() for bar in bars]
        places = [bar.get_x() + bar.get_width() / 2 for bar in bars]
        if sum(heights):
            found[to_hex(bars[0].get_facecolor())] = (sum(heights), np.average(places, weights=heights))
    return found


@pytest.mark.parametrize("better_high", [True, False])
def test_every_face_is_in_a_bar_whose_colour_says_who_is_better(better_high: bool) -> None:
    found = counts(axes_of(DifferenceSpread([2.0, 3.0, -1.0, 0.0], 1.0, (0.5, 1.5), better_high)))
    good, bad = ("better", "worse") if better_high else ("worse", "better")
    assert {colour: count for colour, (count, _) in found.items()} == {
        COLOUR_OF[good]: 2,
        COLOUR_OF[bad]: 1,
        GREY: 1,
    }
    assert found[COLOUR_OF[bad]][1] < 0 < found[COLOUR_OF[good]][1]


def test_infinite_differences_are_counted_and_left_out() -> None:
    axes = axes_of(DifferenceSpread([1.0, math.inf, -math.inf, 2.0], math.nan, None, True))
    assert axes.get_xlabel() == "dB\n2 infinite, left out"
    assert sum(count for count, _ in counts(axes).values()) == 2
    assert axes_of(DifferenceSpread([1.0], 1.0, None, True)).get_xlabel() == "dB"


def test_faces_are_drawn_beside_the_spread(tmp_path: Path) -> None:
    spread = DifferenceSpread([1.0, -1.0], 0.0, (-1.0, 1.0), True)
    face = FaceRow("$a\n+1.00", {"LR": np.zeros((16, 16, 3), np.uint8), "$HR": np.full((128, 128, 3), 255, np.uint8)})
    groups = {"best": [face, face], "worst": [face, face]}
    draw_differences(spread, {}, tmp_path / "bare.png", title="$T^{", axis="$dB", note="$n^{")
    draw_differences(spread, groups, tmp_path / "faces.png", title="$T^{", axis="$dB", note="$n^{")
    with Image.open(tmp_path / "bare.png") as bare, Image.open(tmp_path / "faces.png") as faces:
        assert faces.size[0] > bare.size[0]
        assert faces.size[1] > bare.size[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bare.png", "faces.png"]
