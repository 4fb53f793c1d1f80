from __future__ import annotations

from itertools import chain

import pytest

from priorsr.errors import UnknownNameError
from priorsr.priors import LANDMARK_SCHEMES, landmark_scheme


def test_flip_of_68_is_its_own_inverse_and_keeps_components_together() -> None:
    scheme = landmark_scheme(68)
    assert [scheme.flip[partner] for partner in scheme.flip] == list(range(68))
    swapped = {"left eye": "right eye", "right eye": "left eye"}
    for name, points in scheme.groups.items():
        assert {scheme.flip[p] for p in points} == set(scheme.groups[swapped.get(name, name)])
    assert [p for p in range(68) if scheme.flip[p] == p] == [8, 27, 28, 29, 30, 33, 51, 57, 62, 66]


def test_groups_are_those_of_dic() -> None:
    groups = landmark_scheme("ibug-68").groups
    assert list(groups) == ["left eye", "right eye", "nose", "mouth", "outline"]
    assert [(points[0], points[-1]) for points in groups.values()] == [(36, 41), (42, 47), (27, 35), (48, 67), (0, 26)]
    assert sorted(chain(*groups.values())) == list(range(68))
    helen = landmark_scheme(194).groups
    assert list(helen) == list(groups)
    left_out = set(range(194)) - set(chain(*helen.values()))
    assert left_out == {40, 57, 113, 133, 153, 173, 193}


def test_unknown_schemes_are_told() -> None:
    with pytest.raises(UnknownNameError, match="ibug-68 has 68, helen-194 has 194"):
        landmark_scheme(98)
    with pytest.raises(UnknownNameError, match="did you mean 'ibug-68'"):
        landmark_scheme("ibug68")
    assert set(LANDMARK_SCHEMES) == {"ibug-68", "helen-194"}
