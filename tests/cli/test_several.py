from __future__ import annotations

import pytest

from priorsr.cli.several import spread


@pytest.mark.parametrize(
    ("given", "mark", "expected"),
    [
        ("--p a b c", "", "--p a --p b --p c"),
        ("--p=a b", "", "--p=a --p b"),
        ("--p a --p b", "", "--p a --p b"),
        ("--p a --x b c", "", "--p a --x b c"),
        ("r --p a=1 b=2 --x c", "=", "r --p a=1 --p b=2 --x c"),
        ("--p a=1 r --x c", "=", "--p a=1 r --x c"),
        ("--p --x c", "", "--p --x c"),
    ],
)
def test_further_values_get_the_option_before_them(given: str, mark: str, expected: str) -> None:
    assert list(spread(given.split(), {"--p"}, mark)) == expected.split()
