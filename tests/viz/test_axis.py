from __future__ import annotations

import math
from itertools import pairwise

import pytest

from priorsr.viz.axis import Axis


def test_values_lie_in_their_order_inside_the_margins() -> None:
    axis = Axis.over([3.0, 1.0, 2.0])
    assert [axis.place(value) for value in (1.0, 2.0, 3.0)] == [5.0, 50.0, 95.0]
    assert axis.place(math.inf) == 95.0
    assert axis.place(-math.inf) == 5.0


def test_a_logarithmic_axis_gives_tenfolds_the_same_room() -> None:
    axis = Axis.over([1.0, 100.0], log=True)
    assert axis.place(10.0) == 50.0


def test_one_value_lies_in_the_middle() -> None:
    assert Axis.over([7.0, math.inf]).place(7.0) == 50.0
    assert Axis.over([7.0], log=True).place(7.0) == 50.0


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("ends", [(0.001, 0.0012), (1.0, 1.5), (19.2, 24.9), (3.0, 40_000.0)])
def test_ticks_are_few_round_and_inside(ends, log) -> None:
    axis = Axis(*ends, log)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 9
    assert ticks == sorted(set(ticks))
    assert all(ends[0] <= tick <= ends[1] for tick in ticks)
    assert all(len(f"{tick:.6g}".strip("0.").replace(".", "")) <= 4 for tick in ticks)


def test_ticks_of_many_tenfolds_are_tenfolds_as_far_apart() -> None:
    assert Axis(2.0, 40_000.0, True).ticks() == [10.0, 100.0, 1_000.0, 10_000.0]
    ticks = Axis(1e-12, 3.0, True).ticks()
    assert len({round(math.log10(b / a), 6) for a, b in pairwise(ticks)}) == 1


def test_an_axis_of_nothing_finite_goes_from_0_to_1() -> None:
    axis = Axis.over([math.inf, -math.inf], log=True)
    assert [axis.place(value) for value in (-math.inf, 0.5, math.inf)] == [5.0, 50.0, 95.0]
