from __future__ import annotations

import pytest
import torch

from priorsr.containers import Prior
from priorsr.errors import PriorsrError, ShapeError
from priorsr.priors import flip_prior, landmark_scheme, rotate_prior


def prior(size: int = 16) -> Prior:
    torch.manual_seed(0)
    landmarks = torch.randint(0, size, (2, 68, 2)).float()
    valid = torch.rand(2, 68) > 0.2
    heatmaps = torch.zeros(2, 68, size, size)  # a one at each landmark, so that maps and points can be compared
    for face in range(2):
        for point in range(68):
            x, y = landmarks[face, point].long()
            heatmaps[face, point, y, x] = 1
    return Prior(
        torch.rand(2, 19, size, size).softmax(1), landmarks * valid[..., None], valid, heatmaps * valid[..., None, None]
    )


def assert_together(result: Prior) -> None:
    """Points lie where their heatmaps have the one, and are valid where there is one."""
    assert result.landmarks is not None
    assert result.valid is not None
    assert result.heatmaps is not None
    assert torch.equal(result.heatmaps.amax((2, 3)) > 0, result.valid)
    for face, point in result.valid.nonzero().tolist():
        y, x = divmod(int(result.heatmaps[face, point].argmax()), result.heatmaps.shape[-1])
        assert result.landmarks[face, point].tolist() == [x, y]
    assert (result.landmarks[~result.valid] == 0).all()


def test_a_flip_moves_everything_together_and_back() -> None:
    before = prior()
    flipped = flip_prior(before, 16)
    assert_together(flipped)
    assert before.parsing is not None
    assert flipped.parsing is not None
    torch.testing.assert_close(flipped.parsing[:, 4], before.parsing[:, 5].flip(-1))  # left eye, right eye
    torch.testing.assert_close(flipped.parsing[:, 13], before.parsing[:, 13].flip(-1))  # hair
    assert before.valid is not None
    assert flipped.valid is not None
    assert torch.equal(flipped.valid[:, 36], before.valid[:, landmark_scheme(68).flip[36]])
    for part, again in zip(before, flip_prior(flipped, 16), strict=True):
        torch.testing.assert_close(part, again)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_quarter_turns_move_everything_together(k: int) -> None:
    turned = rotate_prior(prior(), k, 16)
    assert_together(turned)
    before = prior()
    assert before.parsing is not None
    assert turned.parsing is not None
    torch.testing.assert_close(turned.parsing, before.parsing.rot90(k, (2, 3)))


def test_parts_may_be_absent() -> None:
    assert flip_prior(Prior(), 16) == Prior()
    landmarks = torch.rand(1, 68, 2)
    flipped = flip_prior(Prior(landmarks=landmarks), 16)
    assert flipped.valid is not None
    assert flipped.valid.all()


def test_what_cannot_be_done_is_told() -> None:
    with pytest.raises(PriorsrError, match="turn them into ibug-68 first"):
        flip_prior(Prior(landmarks=torch.zeros(1, 194, 2)), 16)
    with pytest.raises(ShapeError, match="a square one was expected"):
        rotate_prior(Prior(parsing=torch.zeros(1, 19, 4, 6)), 1, 4)
