"""NME by any estimator: how far SR's landmarks lie from HR's."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from priorsr.containers import Prior
from priorsr.errors import OptionError, PriorsrError
from priorsr.metrics.landmark_error import LandmarkError
from priorsr.testing import failures


class Reads(nn.Module):
    """Landmarks written into the picture: pixel k of the red and green planes holds point k's x and y, in 1/64."""

    kind = "estimator"

    def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:
        places = 64 * images[:, :2].flatten(2)[..., :68].transpose(1, 2)
        valid = images[:, 2].flatten(1)[:, :68] < 0.5
        return Prior(landmarks=places.float(), valid=valid), state


@pytest.fixture
def faces() -> Tensor:
    """(2,3,16,16) with eyes' corners 25 pixels apart."""
    faces = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)) / 2
    faces[:, 2] = 0
    for point, (x, y) in {36: (10, 10), 45: (25, 30)}.items():
        faces[:, 0].flatten(1)[:, point], faces[:, 1].flatten(1)[:, point] = x / 64, y / 64
    return faces


def test_distances_are_parts_of_the_eyes_distance(faces: Tensor) -> None:
    score = LandmarkError(estimator=Reads)
    moved = faces.clone()
    moved[1, 0] += 5 / 64
    assert score(moved, faces).tolist() == pytest.approx([0, 5 / 25], abs=1e-5)
    assert not score.higher_is_better
    assert score.networks == ("Reads",)


def test_points_that_either_lacks_do_not_count(faces: Tensor) -> None:
    moved = faces.clone()
    moved[:, 0].flatten(1)[:, 60] += 20 / 64
    moved[:, 2].flatten(1)[:, 60] = 1
    assert LandmarkError(estimator=Reads)(moved, faces).tolist() == [0, 0]


def test_a_face_without_landmarks_is_an_error(faces: Tensor) -> None:
    blank = faces.clone()
    blank[1, 2] = 1
    with pytest.raises(PriorsrError, match="in image 1 of the batch of 2 the estimator Reads finds no landmarks"):
        LandmarkError(estimator=Reads)(blank, faces)
    with pytest.raises(PriorsrError, match="in the face 'bea' the estimator Reads"):
        LandmarkError(estimator=Reads)(blank, faces, ids=("ann", "bea"))


def test_an_estimator_without_landmarks_is_refused(faces: Tensor) -> None:
    with pytest.raises(OptionError, match="the estimator ParsingNet gives no landmarks"):
        LandmarkError(estimator="parsing_net")(faces, faces)


def test_it_holds_the_contract_with_a_right_estimator() -> None:
    class Points(nn.Module):
        kind = "estimator"

        def forward(self, images: Tensor, state: None = None) -> tuple[Prior, None]:
            rows = torch.linspace(0, 60, 68, device=images.device)
            x = rows * (1 + images.mean((1, 2, 3)))[:, None]
            return Prior(landmarks=torch.stack([x, rows.expand_as(x)], -1).float()), state

    class WithPointsError(LandmarkError):
        __doc__ = LandmarkError.__doc__

        def __init__(self) -> None:
            super().__init__(estimator=Points)

    assert failures("score", "nme", WithPointsError) == {}
