from __future__ import annotations

import math

import pytest

from priorsr.bench import leaderboards
from priorsr.bench.pages.site.plot import difference_bars, speed_plots
from priorsr.bench.store.run_facts import Latency


@pytest.fixture
def timed(make_record):
    """A record of a latency and a score."""

    def make(label: str, milliseconds: float, score: float):
        record = make_record(label, {"a": score - 1, "b": score, "c": score + 1})
        latency = (Latency(batch=16, milliseconds=999.0, runs=5), Latency(batch=1, milliseconds=milliseconds, runs=5))
        return record.model_copy(update={"cost": record.cost.model_copy(update={"latency": latency})})

    return make


def test_the_front_holds_what_no_other_beats_in_both(timed) -> None:
    records = [timed("fast", 1, 20), timed("slow", 100, 25), timed("slower and worse", 200, 24), timed("twin", 100, 22)]
    (plot,) = speed_plots(leaderboards(records)[0])
    assert {point.row.label for point in plot.points if point.front} == {"fast", "slow"}
    at = {point.row.label: point for point in plot.points}
    assert at["fast"].x < at["slow"].x < at["slower and worse"].x
    assert at["fast"].y < at["twin"].y < at["slow"].y
    assert at["slow"].x > 80  # by its logarithm, 100 is near 200


def test_infinity_lies_at_the_end(timed, make_record) -> None:
    perfect = make_record("perfect", {"a": math.inf, "b": 30.0, "c": 30.0})
    (plot,) = speed_plots(leaderboards([timed("a", 1, 20), timed("b", 2, 25), perfect])[0])
    assert all(0 <= point.y <= 100 for point in plot.points)


def test_bars_share_an_axis_with_zero(make_record) -> None:
    worse = make_record("worse", {"a": 18.0, "b": 21.0, "c": 22.0})
    better = make_record("better", {"a": 21.5, "b": 23.0, "c": 25.0})
    (board,) = leaderboards([worse, make_record("bicubic"), better])
    bars = difference_bars(board.ranked, "psnr")
    assert set(bars) == {0, 2}  # the baseline in the middle has none
    assert bars[0].zero == bars[2].zero
    assert bars[2].mean < bars[2].zero < bars[0].low
