from __future__ import annotations

import pytest

from priorsr.bench.statistics.comparison import compare


@pytest.mark.parametrize(
    ("gains", "higher", "said"),
    [
        ((0.1, 0.2, 0.3), True, "better"),
        ((-0.3, -0.2, -0.1), True, "worse"),
        ((-0.3, -0.2, -0.1), False, "better"),
        ((-0.3, 0.2, 0.3), True, "not distinguishable"),
        ((0.1,), True, "not distinguishable"),
    ],
)
def test_a_verdict_needs_an_interval_without_zero(make_score, gains, higher, said) -> None:
    base = {str(face): 20.0 + face for face in range(len(gains))}
    ours = {face: base[face] + gain for face, gain in zip(base, gains, strict=True)}
    scores = [make_score(values, higher_is_better=higher) for values in (ours, base)]
    assert compare(scores[:1], scores[1:], seed=0).difference.verdict == said


def test_the_base_differs_from_nothing(make_score) -> None:
    assert compare([make_score({"a": 1.0})], None, seed=0).difference is None
