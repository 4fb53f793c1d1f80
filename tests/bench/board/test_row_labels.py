from __future__ import annotations

import pytest

from priorsr.bench.board.row_labels import common_label, unique_labels


@pytest.mark.parametrize(
    ("labels", "label"),
    [
        (["dic"], "dic"),
        (["dic-seed-0", "dic-seed-1"], "dic"),
        (["dic_s10", "dic_s11"], "dic"),
        (["one", "two"], "network"),
        (["student", "student"], "student"),
    ],
)
def test_the_label_of_a_method_is_what_its_seeds_share(labels, label) -> None:
    assert common_label(labels, "network") == label


def test_only_labels_that_collide_are_followed_by_facts_and_by_as_few_as_will_do() -> None:
    labels = ["a", "a", "a", "b"]
    facts = [("net", "x", "1"), ("net", "y", "2"), ("net", "y", "3"), ("net", "x", "4")]
    assert unique_labels(labels, facts) == ["a (x, 1)", "a (y, 2)", "a (y, 3)", "b"]
    assert unique_labels(labels[:2], facts[:2]) == ["a (x)", "a (y)"]


def test_one_thing_that_is_there_twice_keeps_its_label() -> None:
    assert unique_labels(["a", "a"], [("net", "x")] * 2) == ["a", "a"]
    assert unique_labels([], []) == []
