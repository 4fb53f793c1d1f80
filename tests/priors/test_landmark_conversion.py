from __future__ import annotations

import math

import pytest
import torch

from priorsr.errors import PriorsrError, ShapeError
from priorsr.priors import to_scheme


def ellipse(centre: tuple[float, float], rx: float, ry: float, count: int, start: float, turn: int) -> torch.Tensor:
    """Points round an ellipse, from an angle in radians on, clockwise in the image for turn = 1."""
    angles = start + turn * torch.arange(count) * 2 * math.pi / count
    return torch.stack([centre[0] + rx * angles.cos(), centre[1] + ry * angles.sin()], -1)


def arc(centre: tuple[float, float], rx: float, ry: float, count: int, first: float, last: float) -> torch.Tensor:
    angles = torch.linspace(first, last, count)
    return torch.stack([centre[0] + rx * angles.cos(), centre[1] + ry * angles.sin()], -1)


def helen(eye_start: float = 0.0, turn: int = 1, swap: bool = False) -> torch.Tensor:
    """A face of 194 points whose contours start and run as asked."""
    jaw = arc((64, 60), 40, 60, 41, math.pi, 0)
    nose = arc((64, 70), 10, 12, 17, math.pi, 0)
    outer = [arc((64, 100), 16, 8, 14, math.pi, 2 * math.pi), arc((64, 100), 16, 8, 14, 0, math.pi)]
    inner = [arc((64, 100), 12, 3, 14, math.pi, 2 * math.pi), arc((64, 100), 12, 3, 14, 0, math.pi)]
    eyes = [ellipse((x, 50), 8, 4, 20, eye_start, turn) for x in (46, 82)]
    brows = [ellipse((x, 38), 9, 2, 20, eye_start, turn) for x in (46, 82)]
    if swap:
        eyes, brows, jaw = eyes[::-1], brows[::-1], jaw.flip(0)
    return torch.cat([jaw, nose, *outer, *inner, *eyes, *brows])[None]


@pytest.mark.parametrize(("start", "turn", "swap"), [(0, 1, False), (math.pi, -1, False), (math.pi / 2, 1, True)])
def test_contours_may_start_and_run_anyhow(start: float, turn: int, swap: bool) -> None:
    points, valid = to_scheme(helen(start, turn, swap), None, "ibug-68")
    assert points.shape == (1, 68, 2)
    assert points.dtype == torch.float32
    expected = {
        0: (24, 60), 8: (64, 120), 16: (104, 60),  # jaw
        17: (37, 38), 19: (46, 38), 21: (55, 38), 22: (73, 38), 26: (91, 38),  # brows
        33: (64, 82),  # base of the nose
        36: (38, 50), 39: (54, 50), 42: (74, 50), 45: (90, 50),  # eyes' corners
        48: (48, 100), 51: (64, 92), 54: (80, 100), 57: (64, 108),  # lips
        60: (52, 100), 62: (64, 97), 64: (76, 100), 66: (64, 103),
    }  # fmt: skip
    for point, (x, y) in expected.items():
        assert points[0, point].tolist() == pytest.approx([x, y], abs=0.5), point
    for upper, lower in ((37, 41), (38, 40), (43, 47), (44, 46)):
        assert points[0, upper, 1] < 48 < 52 < points[0, lower, 1]
        assert points[0, upper, 0].item() == pytest.approx(points[0, lower, 0].item(), abs=0.5)
    assert valid[0].logical_not().nonzero()[:, 0].tolist() == [27, 28, 29, 30]
    assert points[0, 27:31].abs().max() == 0


def test_an_unknown_source_makes_its_part_unknown() -> None:
    landmarks = helen()
    landmarks[0, 120] = math.nan
    valid = torch.ones(1, 194, dtype=torch.bool)
    valid[0, 120] = False
    points, known = to_scheme(landmarks, valid, "ibug-68")
    assert points.isfinite().all()
    assert known[0].logical_not().nonzero()[:, 0].tolist() == [27, 28, 29, 30, *range(36, 42)]
    assert points[0, 36:42].abs().max() == 0


def test_nothing_is_invented() -> None:
    same = torch.rand(2, 68, 2)
    points, valid = to_scheme(same, None, "ibug-68")
    assert points is same
    assert valid.all()
    with pytest.raises(PriorsrError, match="would have to be invented"):
        to_scheme(same, None, "helen-194")
    with pytest.raises(ShapeError, match=r"\(B, L, 2\)"):
        to_scheme(same[0], None, "ibug-68")
