from __future__ import annotations

import math

from priorsr.bench.pages.run.charts import MOST_POINTS, chart
from priorsr.viz.panels import Panel


def points(text: str) -> list[tuple[float, float]]:
    return [tuple(map(float, point.split(","))) for point in text.split()]


def test_a_short_line_has_every_value() -> None:
    found = chart(Panel("score", {"ours": ([10, 20], [1.0, 3.0])}, levels={"bicubic": 2.0}))
    assert points(found.strokes[0].points) == [(50.0, 95.0), (95.0, 5.0)]  # SVG counts from the top
    assert found.strokes[0].dots == ((50.0, 5.0), (95.0, 95.0))
    assert found.levels == {"bicubic": (50.0, 2.0)}
    assert found.strokes[0].faint == ""


def test_a_long_line_is_thinned_and_no_outlier_is_lost() -> None:
    steps = list(range(1, 5001))
    values = [1.0] * 5000
    values[1234] = 3.0
    found = chart(Panel("loss", {"net": (steps, values)}, noisy=True)).strokes[0]
    assert len(points(found.points)) <= MOST_POINTS + 1
    assert len(points(found.faint)) <= MOST_POINTS + 2
    assert min(y for _, y in points(found.faint)) == 5.0
    assert points(found.points)[-1][0] == 95.0


def test_what_spans_much_is_drawn_by_its_logarithm() -> None:
    found = chart(Panel("loss", {"net": ([1, 2, 3], [100.0, 10.0, 1.0])}, noisy=True))
    assert [y for _, y in points(found.strokes[0].points)] == [5.0, 50.0, 95.0]


def test_what_is_infinite_lies_at_the_edge() -> None:
    found = chart(Panel("PSNR", {"ours": ([10, 20, 30], [1.0, math.inf, 3.0])}, levels={"bicubic": math.inf}))
    assert [y for _, y in points(found.strokes[0].points)] == [95.0, 5.0, 5.0]
    assert found.levels == {"bicubic": (95.0, math.inf)}
    nothing = chart(Panel("PSNR", {"ours": ([10, 20], [math.inf, math.inf])}))
    assert nothing.y_ticks == {}
    assert nothing.strokes[0].last == math.inf
