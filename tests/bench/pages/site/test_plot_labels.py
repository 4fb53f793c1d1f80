from __future__ import annotations

from priorsr.bench.pages.site.plot_labels import free_sides


def test_a_name_stands_at_the_right_and_at_the_left_near_the_end() -> None:
    assert free_sides([(10.0, 50.0, "a model"), (97.0, 50.0, "a model")]) == ["right", "left"]


def test_names_give_way_to_points_and_to_names_before_them() -> None:
    assert free_sides([(50.0, 50.0, "first"), (53.0, 51.0, "second")]) == ["left", "right"]
    assert free_sides([(70.0, 50.0, "first"), (67.0, 51.0, "second")]) == ["right", "left"]
    crowd = [(50.0, 50.0, "first"), (50.0, 53.0, "second"), (50.0, 47.0, "third"), (50.0, 70.0, "fourth")]
    assert free_sides(crowd) == ["right", "left", "left", "right"]


def test_a_name_without_room_is_not_placed() -> None:
    assert free_sides([(50.0, 50.0, "wide " * 30)]) == [None]
    assert free_sides([(50.0, 50.0, "a"), (50.0, 51.0, "b"), (50.0, 49.0, "c")])[2] is None
